#!lua
-- Run a failed or cancelled job again: attempts and deaths from 0, history kept.
-- ARGV: id. Returns {retried | missing | unfinished | succeeded | duplicate | payload-missing, id of the holder of its unique key}.
local job = read(ARGV[1])
if not job then return { 'missing', '' } end
if job.state == 'waiting' or job.state == 'running' then return { 'unfinished', '' } end
if job.state == 'succeeded' then return { 'succeeded', '' } end
local own_key = job.unique and unique_key(job.owner or '', job.kind, job.unique)
local holder = own_key and call('GET', own_key)
if holder then return { 'duplicate', holder } end
if call('EXISTS', ENDED_PAYLOAD .. job.id) == 0 then return { 'payload-missing', '' } end

local at = tick()
call('RENAME', ENDED_PAYLOAD .. job.id, PAYLOAD .. job.id)
call('DEL', RESULT .. job.id)
call('ZREM', EXPIRY, job.id)
if own_key then call('SET', own_key, job.id) end
call('HDEL', JOB .. job.id, 'cancel', 'suspect', 'finished', 'started', 'worker', 'token', 'start_before')
job.suspect = false
enter(job, 'waiting', 'due', at, 'attempt', 0, 'deaths', 0)
call('ZADD', place(job), at, job.id)
wake(job.queue)
return { 'retried', '' }
