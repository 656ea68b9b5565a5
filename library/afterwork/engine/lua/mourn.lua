#!lua flags=allow-oom
-- Take back what a worker that is gone had claimed, one batch a call, unless it is there after all, the server is not the
-- one on which it was seen, or everybody may renew first. ARGV: lease, run id, queue, worker, leases to pass over.
-- Returns {how many went back, how many leases to pass over next; -1 at the end, -2 if nothing may be done}.
-- parts: parts/presence
local queue, worker, passed = ARGV[3], ARGV[4], tonumber(ARGV[5])
local at, holds = hear(tonumber(ARGV[1]))
if run_id() ~= ARGV[2] or subscriptions(worker) > 0 or holds > at then return { 0, -2 } end

local ids, buried = call('ZRANGE', LEASES .. queue, passed, passed + LIST_CANDIDATES - 1), 0
for _, id in ipairs(ids) do
  local job = call('HGET', JOB .. id, 'worker') == worker and read(id)
  if job and job.state == 'running' then
    bury(job, at)
    buried = buried + 1
    if buried == BATCH_JOBS then return { buried, passed } end
  end
end
if #ids == LIST_CANDIDATES then return { buried, passed + #ids - buried } end
call('ZREM', WORKERS, queue .. ' ' .. worker)
return { buried, -1 }
