#!lua flags=allow-oom
-- What must happen in time although nobody claims: take back jobs whose leases have lapsed, in every queue, and cancel
-- those that were not started in time, or that stock ARQ clients want aborted. ARGV: lease. Returns how many were looked at.
local at, holds = hear(tonumber(ARGV[1]))
local reaped = 0
for _, queue in ipairs(call('SMEMBERS', QUEUES)) do
  reaped = reaped + take_back(queue, at, holds)
end

local late = try('ZRANGEBYSCORE', START_BEFORE, '-inf', '(' .. at, 'LIMIT', 0, BATCH_JOBS) or {}
for _, id in ipairs(late) do
  local job = read(id)
  if job and job.state == 'waiting' and is_expired(job, at) then
    settle(job, 'cancelled', PROBLEM['expired'], at)
  else
    call('ZREM', START_BEFORE, id)
  end
end

-- What `Job.abort` of a stock client leaves; to plain functions their own workers see.
local aborted = 0
for _, id in ipairs(try('ZRANGE', ABORTS, 0, LIST_CANDIDATES - 1) or {}) do
  local job = read(id)
  if job and job.kind ~= PLAIN then
    cancel(job, at)
    call('ZREM', ABORTS, id)
    aborted = aborted + 1
  end
end
return reaped + #late + aborted
