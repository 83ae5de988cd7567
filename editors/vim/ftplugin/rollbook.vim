" Settings for Rollbook runbooks and scenarios.

if exists('b:did_ftplugin')
  finish
endif
let b:did_ftplugin = 1

setlocal commentstring=#\ %s comments=:# formatoptions-=t
setlocal expandtab shiftwidth=2 softtabstop=2
setlocal iskeyword=@,48-57,_

" `:make` checks the file and fills the quickfix list.
if executable('rollbook')
  setlocal makeprg=rollbook\ check\ %:S
  setlocal errorformat=%f:%l:%c:\ %trror[%m,%f:%l:%c:\ %tarning[%m,%-G%.%#
endif

let b:undo_ftplugin = 'setlocal commentstring< comments< formatoptions< expandtab< shiftwidth<'
      \ . ' softtabstop< iskeyword< makeprg< errorformat<'
