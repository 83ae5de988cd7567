;;; rollbook-mode.el --- Major mode for Rollbook runbooks  -*- lexical-binding: t; -*-

;; Package-Requires: ((emacs "26.1"))
;; Keywords: languages, tools

;;; Commentary:

;; Highlighting and indentation for *.runbook and *.scenario.  Findings, meanings, completion and
;; names come from `rollbook lsp': with Emacs 29 or later, M-x eglot in such a buffer is enough.
;; The lists of words are held to dsl/words.cc by a test.

;;; Code:

(defgroup rollbook nil
  "Rollout runbooks."
  :group 'languages)

(defcustom rollbook-program "rollbook"
  "The program that serves the language."
  :type 'string)

(defcustom rollbook-indent-offset 2
  "How far a block is indented."
  :type 'integer
  :safe #'integerp)

(defconst rollbook-statement-words
  '("action" "advance" "after" "arms" "ask" "begins" "by" "channel"
    "checkpoint" "confirm" "decide" "edition" "expect" "finish" "guard" "halt"
    "hold" "import" "irreversible" "load" "metric" "notify" "on" "open"
    "option" "otherwise" "page" "param" "pause" "ramp" "replace" "report"
    "require" "role" "rollback" "run" "runbook" "service" "setup" "stage"
    "start" "stop" "success" "target" "template" "title" "traffic" "undo"
    "when" "within")
  "Words of the language: what a statement begins with.")

(defconst rollbook-clause-words
  '("all" "always" "and" "any" "as" "at" "baseline" "beyond" "canary" "cles"
    "confidence" "critical" "decrease" "default" "either" "enter" "every"
    "exit" "fails" "for" "from" "group" "hours" "idempotent" "in" "increase"
    "judge" "kayenta" "label" "least" "marginal" "most" "muted" "of" "only"
    "or" "outliers" "over" "override" "pass" "peak" "planned" "previous"
    "remind" "requests" "required" "same" "split" "to" "too" "total" "trough"
    "unchanged" "unsplit" "until" "using" "week" "weights" "where" "while"
    "with" "without" "yesterday")
  "Words of the language: what a statement goes on with.")

(defconst rollbook-function-words
  '("absent" "bracket" "count" "new" "rate")
  "Words of the language: what measures.")

(defconst rollbook-value-words
  '("counter" "duration" "end" "extend" "gauge" "histogram" "last" "max"
    "mean" "min" "ms" "next" "ns" "points" "ratio" "s" "size" "text" "us")
  "Words of the language: what stands for a value.")

(defconst rollbook-scenario-words
  '("abort" "answer" "because" "effect" "given" "halted" "healthy"
    "never" "no" "outcome" "paused" "promote"
    "question" "rejected" "resume" "scenario" "series" "settle" "shift"
    "silence" "silent" "state" "then" "yes")
  "Words of the language: what scenarios have beside these.")

(defvar rollbook-font-lock-keywords
  `(("^\\s-*\\_<\\(?:action\\|channel\\|decide\\|metric\\|param\\|rollback\\|runbook\\|stage\\|target\\|template\\)\\_>\\s-+\\(\\_<[A-Za-z_][A-Za-z0-9_]*\\)"
     1 font-lock-function-name-face)
    ("{\\w+}" 0 font-lock-variable-name-face prepend)
    ("\\_<p[0-9]+\\(?:\\.[0-9]+\\)?(" 0 font-lock-builtin-face)
    ("\\_<\\(canary\\|baseline\\|total\\)\\." 1 font-lock-variable-name-face)
    ("\\_<[0-9][0-9A-Za-z.]*\\(?:%\\|/[smh]\\_>\\)?" 0 font-lock-constant-face)
    (,(regexp-opt rollbook-statement-words 'symbols) . font-lock-keyword-face)
    (,(regexp-opt rollbook-clause-words 'symbols) . font-lock-type-face)
    (,(regexp-opt rollbook-function-words 'symbols) . font-lock-builtin-face)
    (,(regexp-opt rollbook-scenario-words 'symbols) . font-lock-type-face)
    (,(regexp-opt rollbook-value-words 'symbols) . font-lock-constant-face))
  "What is highlighted beside comments and texts.")

(defvar rollbook-mode-syntax-table
  (let ((table (make-syntax-table)))
    (modify-syntax-entry ?# "<" table)
    (modify-syntax-entry ?\n ">" table)
    (modify-syntax-entry ?\" "\"" table)
    (modify-syntax-entry ?\\ "\\" table)
    (modify-syntax-entry ?_ "_" table)
    table)
  "Syntax of `rollbook-mode': `#' begins a comment, texts are in double quotes.")

(defun rollbook-indent-line ()
  "Indent the line by the braces around it."
  (interactive)
  (let ((column (save-excursion
                  (back-to-indentation)
                  (let ((depth (car (syntax-ppss))))
                    (when (looking-at-p "[})]") (setq depth (1- depth)))
                    (* rollbook-indent-offset (max depth 0))))))
    (if (<= (current-column) (current-indentation))
        (indent-line-to column)
      (save-excursion (indent-line-to column)))))

;;;###autoload
(define-derived-mode rollbook-mode prog-mode "Rollbook"
  "Major mode for runbooks and scenarios of Rollbook."
  (setq-local comment-start "# ")
  (setq-local comment-start-skip "#+\\s-*")
  (setq-local font-lock-defaults '(rollbook-font-lock-keywords))
  (setq-local indent-line-function #'rollbook-indent-line)
  (setq-local indent-tabs-mode nil))

;;;###autoload
(add-to-list 'auto-mode-alist '("\\.\\(?:runbook\\|scenario\\)\\'" . rollbook-mode))

(defvar eglot-server-programs)
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs
               (cons 'rollbook-mode (lambda (&rest _) (list rollbook-program "lsp")))))

(provide 'rollbook-mode)

;;; rollbook-mode.el ends here
