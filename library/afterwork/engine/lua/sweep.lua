#!lua flags=allow-oom
-- Remove ended jobs whose retention is over, one batch a call. Returns how many.
local due = call('ZRANGEBYSCORE', EXPIRY, '-inf', now(), 'LIMIT', 0, SWEEP_JOBS)
local swept = 0
for _, id in ipairs(due) do
  local job = read(id)
  call('ZREM', EXPIRY, id)
  if job then
    call('ZREM', index_key(job.queue, job.kind, job.state), id)
    call('DEL', JOB .. id, PAYLOAD .. id, ENDED_PAYLOAD .. id, RESULT .. id, HISTORY .. id, LOCK .. id)
    swept = swept + 1
  end
end
if swept > 0 then call('HINCRBY', LEDGER, 'swept', swept) end
return swept
