#!lua flags=allow-oom
-- Take back jobs whose leases have lapsed, in every queue, for when nobody claims. ARGV: lease. Returns how many were
-- looked at.
local at, reaped = now(), 0
local holds = hear(at, tonumber(ARGV[1]))
for _, queue in ipairs(call('SMEMBERS', QUEUES)) do
  reaped = reaped + take_back(queue, at, holds)
end
return reaped
