#!lua flags=allow-oom
-- Take back jobs whose leases have lapsed, in every queue, for when nobody claims. ARGV: lease reconnected. Returns how many were looked at.
local at, reaped = now(), 0
for _, queue in ipairs(call('SMEMBERS', QUEUES)) do
  reaped = reaped + take_back(queue, at, tonumber(ARGV[1]), ARGV[2] == '1')
end
return reaped
