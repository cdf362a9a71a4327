"""Whether growth is thanks to cooperation, and what trade could be."""
