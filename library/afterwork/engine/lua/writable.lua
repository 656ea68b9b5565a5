#!lua flags=allow-oom
-- Change nothing, by the sorts of commands that the other scripts need: an error says why they could not work now.
local nothing = JOB .. 'writable'
call('DEL', nothing)
call('HDEL', nothing, '')
call('ZREM', nothing, '')
call('SREM', nothing, '')
call('LREM', nothing, 0, '')
call('XADD', nothing, 'NOMKSTREAM', '*', 'changes', '')
call('PUBLISH', CHANGED .. 'nobody', '')
call('PUBLISH', CONTROL .. 'nobody', '')
return 1
