"""Problems × libraries: how fast, how accurate and how lean, all in one run."""
