#!lua flags=allow-oom
-- Set the limits of a kind in place of its contract's, or go back to those. ARGV: queue kind, limits as parts/limits keeps
-- them or '' to go back. Returns missing-queue · missing-kind · done.
-- parts: parts/limits
local queue, kind, limits = ARGV[1], ARGV[2], ARGV[3]
if call('SISMEMBER', QUEUES, queue) == 0 then return 'missing-queue' end
if call('HEXISTS', LANES .. queue, kind) == 0 then return 'missing-kind' end
if limits == '' then
  call('HDEL', LIMITS .. queue, 'operator:' .. kind)
else
  call('HSET', LIMITS .. queue, 'operator:' .. kind, limits)
end
apply_limits(queue, kind)
return 'done'
