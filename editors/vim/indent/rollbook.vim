" Indentation of Rollbook runbooks and scenarios: two blanks a brace, two more for a line that goes
" on after a comma or an operator.

if exists('b:did_indent')
  finish
endif
let b:did_indent = 1

setlocal indentexpr=RollbookIndent(v:lnum) indentkeys=0},o,O,!^F
let b:undo_indent = 'setlocal indentexpr< indentkeys<'

if exists('*RollbookIndent')
  finish
endif

" The line without its comment and the blanks around it.
function s:Code(number)
  let l:text = substitute(getline(a:number), '\v^(([^"#]|"(\\.|[^"\\])*")*)#.*$', '\1', '')
  return trim(l:text)
endfunction

function RollbookIndent(number)
  let l:above = prevnonblank(a:number - 1)
  if l:above == 0
    return 0
  endif
  let l:code = s:Code(l:above)
  let l:indent = indent(l:above)
  let l:before = prevnonblank(l:above - 1)
  if l:before > 0 && s:Code(l:before) =~# '[,<>=+*/-]$' && s:Code(l:before) !=# ''
    let l:indent -= shiftwidth()
  endif
  if l:code =~# '{$' || l:code =~# '[,<>=+*/-]$'
    let l:indent += shiftwidth()
  endif
  if getline(a:number) =~# '^\s*}'
    let l:indent -= shiftwidth()
  endif
  return l:indent
endfunction
