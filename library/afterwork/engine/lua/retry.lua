#!lua
-- Run a failed or cancelled job again: attempts and deaths from 0, history kept.
-- ARGV: id, the version that it must have or ''. Returns {retried | missing | changed | unfinished | succeeded | duplicate |
-- payload-missing, id of the holder of its unique key}.
local job = read(ARGV[1])
if not job then return { 'missing', '' } end
if ARGV[2] ~= '' and ARGV[2] ~= job.version then return { 'changed', '' } end
if job.state == 'waiting' or job.state == 'running' then return { 'unfinished', '' } end
if job.state == 'succeeded' then return { 'succeeded', '' } end
local own_key = job.unique and unique_key(job.owner or '', job.kind, job.unique)
local holder = own_key and call('GET', own_key)
if holder then return { 'duplicate', holder } end
if call('EXISTS', ended_payload_key(job)) == 0 then return { 'payload-missing', '' } end

-- The result and the time of the end go, and the history tells of them, unless it does already: its last entry is the
-- attempt that ended so. A problem of our own is told by its code.
local error = job.problem or string.match(call('GET', RESULT .. job.id) or '', ',"r":(.*)}$') or ''
for code, problem in pairs(PROBLEM) do
  if error == problem then error = code end
end
local ending = table.concat({ '', job.state_version, job.state, error }, '\n')
if string.sub(call('LINDEX', HISTORY .. job.id, -1) or '', -#ending) ~= ending then
  mark(job, call('HGET', JOB .. job.id, 'finished'), job.state_version, job.state, error)
end

local at = tick()
if job.kind == PLAIN then call('RENAME', ENDED_PAYLOAD .. job.id, PAYLOAD .. job.id) end
call('DEL', RESULT .. job.id)
remove(EXPIRY, job.id)
if own_key then call('SET', own_key, job.id) end
call('HDEL', JOB .. job.id, 'cancel', 'suspect', 'finished', 'started', 'worker', 'token', 'start_before',
  'problem')
job.suspect, job.attempt = false, 0
mark(job, at, job.version + 1, 'queued', '')
job.due = at
enter(job, 'waiting', at, 'due', at, 'attempt', 0, 'deaths', 0)
add(place(job), at, job.id)
wake(job.queue)
return { 'retried', '' }
