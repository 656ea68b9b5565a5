#!lua flags=allow-oom
-- Replace a running job's checkpoint. ARGV: id token body. Returns ok · lost.
local id, token, body = unpack(ARGV)
local job = read(id)
if not job or job.state ~= 'running' or job.token ~= token then return 'lost' end
call('SET', CHECKPOINT .. id, body)
call('HSET', JOB .. id, 'checkpoint', 1)
return 'ok'
