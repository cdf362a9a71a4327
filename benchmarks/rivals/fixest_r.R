# Holds one data set and fits it whenever a line with two tolerances comes in:
#
#   Rscript fixest_r.R data.csv "y ~ x | a + b" cluster threads
#   in:   <glm.tol> TAB <fixef.tol>
#   out:  ok TAB <seconds> TAB <terms> TAB <coefficients> TAB <standard errors>
#         failed TAB <message>

suppressPackageStartupMessages(library(fixest))

given <- commandArgs(trailingOnly = TRUE)
setFixest_nthreads(as.integer(given[4]))
frame <- if (requireNamespace("data.table", quietly = TRUE)) {
  data.table::fread(given[1], data.table = FALSE)
} else {
  read.csv(given[1])
}
formula <- as.formula(given[2])
cluster <- as.formula(paste0("~", given[3]))
# G / (G - 1) alone; the argument was renamed in version 0.13.
renamed <- "K.adj" %in% names(formals(ssc))
correction <- if (renamed) ssc(K.adj = FALSE) else ssc(adj = FALSE)

answer <- function(...) {
  cat(paste(c(...), collapse = "\t"), "\n", sep = "")
  flush(stdout())
}

numbers <- function(values) paste(sprintf("%.17g", values), collapse = " ")

fit_once <- function(outer, inner) {
  begun <- Sys.time()
  fit <- fepois(formula, frame,
    vcov = cluster, ssc = correction, glm.tol = outer, glm.iter = 100,
    fixef.tol = inner, fixef.iter = 100000, notes = FALSE, warn = FALSE
  )
  coefficients <- coef(fit)
  errors <- se(fit)
  seconds <- as.numeric(difftime(Sys.time(), begun, units = "secs"))
  terms <- names(coefficients)
  answer(
    "ok", numbers(seconds), paste(terms, collapse = " "),
    numbers(coefficients), numbers(errors[terms])
  )
}

answer("ok")
input <- file("stdin", open = "r")
while (length(line <- readLines(input, n = 1)) > 0) {
  tolerances <- as.numeric(strsplit(line, "\t")[[1]])
  tryCatch(
    fit_once(tolerances[1], tolerances[2]),
    error = function(problem) {
      answer("failed", gsub("[\t\n]", " ", conditionMessage(problem)))
    }
  )
}
