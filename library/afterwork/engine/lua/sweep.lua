#!lua flags=allow-oom
-- Remove ended jobs whose retention is over, and those that end soonest of more than are to be kept; one batch a call.
-- ARGV: how many ended jobs are kept at most. Returns how many were removed.
local ids = call('ZRANGEBYSCORE', EXPIRY, '-inf', now(), 'LIMIT', 0, SWEEP_JOBS)
local excess = math.min(call('ZCARD', EXPIRY) - ARGV[1], SWEEP_JOBS)
if excess > #ids then ids = call('ZRANGE', EXPIRY, 0, excess - 1) end

local swept = 0
for _, id in ipairs(ids) do
  local job = read(id)
  remove(EXPIRY, id)
  if job then
    remove(index_key(job.queue, job.kind, job.state), id)
    for tag in each_tag(job.tags) do try('ZREM', TAG .. tag, id) end
    call('DEL', JOB .. id, ENDED_PAYLOAD .. id, HISTORY .. id, LOG .. id, CHECKPOINT .. id, THEN .. id)
    if job.kind ~= PLAIN then call('DEL', PAYLOAD .. id, RESULT .. id, LOCK .. id) end -- there, they live on their own
    swept = swept + 1
  end
end
if swept > 0 then call('HINCRBY', LEDGER, 'swept', swept) end
return swept
