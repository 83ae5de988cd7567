autocmd BufNewFile,BufRead *.runbook,*.scenario setfiletype rollbook
