" Vim syntax file
" Language: Rollbook runbooks and scenarios
" The lists of words are held to dsl/words.cc by a test.

if exists('b:current_syntax')
  finish
endif

" Names may have any word in them; keywords are whole words.
syntax case match

syntax keyword rollbookStatement action advance after arms ask begins by channel checkpoint
syntax keyword rollbookStatement confirm decide edition expect finish guard halt hold import
syntax keyword rollbookStatement irreversible load metric notify on open option otherwise page
syntax keyword rollbookStatement param pause ramp replace report require role rollback run
syntax keyword rollbookStatement runbook service setup stage start stop success target template
syntax keyword rollbookStatement title traffic undo when within
syntax keyword rollbookClause all always and any as at baseline beyond canary cles
syntax keyword rollbookClause confidence critical decrease default either enter every exit
syntax keyword rollbookClause fails for from group hours idempotent in increase judge
syntax keyword rollbookClause kayenta label least marginal most muted of only or outliers
syntax keyword rollbookClause over override pass peak planned previous remind requests
syntax keyword rollbookClause required same split to too total trough unchanged unsplit
syntax keyword rollbookClause until using week weights where while with without yesterday
syntax keyword rollbookFunction absent bracket count new rate
syntax keyword rollbookValue counter duration end extend gauge histogram last max mean min ms
syntax keyword rollbookValue next ns points ratio s size text us
syntax keyword rollbookScenario abort answer because effect given halted healthy never no outcome paused promote question
syntax keyword rollbookScenario rejected resume scenario series settle shift silence silent
syntax keyword rollbookScenario state then yes

syntax match rollbookQuantile /\<p\d\+\(\.\d\+\)\?\ze(/
syntax match rollbookArm /\<\(canary\|baseline\|total\)\ze\./
syntax match rollbookNumber /\<\d[0-9A-Za-z.]*\(%\|\/[smh]\>\)\?/
syntax match rollbookOperator /[<>]=\?\|[-+*\/=]/
syntax match rollbookName /\(^\s*\(stage\|template\|metric\|channel\|action\|rollback\|decide\|runbook\|target\|param\)\s\+\)\@<=\h\w*/

syntax match rollbookEscape /\\.\|{{/ contained
syntax match rollbookPlaceholder /{\w\+}/ contained
syntax region rollbookText start=/"/ skip=/\\./ end=/"\|$/ oneline contains=rollbookEscape,rollbookPlaceholder
" Label matchers behind the name of a series.
syntax region rollbookSelector start=/\(\w\|"\)\@<={/ end=/}\|$/ oneline contains=rollbookText
syntax match rollbookComment /#.*$/ contains=@Spell

highlight default link rollbookStatement Statement
highlight default link rollbookClause Keyword
highlight default link rollbookFunction Function
highlight default link rollbookQuantile Function
highlight default link rollbookValue Constant
highlight default link rollbookScenario Keyword
highlight default link rollbookArm Special
highlight default link rollbookNumber Number
highlight default link rollbookOperator Operator
highlight default link rollbookName Identifier
highlight default link rollbookText String
highlight default link rollbookSelector Type
highlight default link rollbookEscape SpecialChar
highlight default link rollbookPlaceholder Identifier
highlight default link rollbookComment Comment

let b:current_syntax = 'rollbook'
