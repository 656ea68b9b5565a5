#!lua flags=allow-oom
-- A worker makes its queue and kinds known, and what their contracts say of limits. ARGV: queue, then per kind: kind,
-- limits as parts/limits keeps them or '' if there are none.
-- parts: parts/limits
local queue = ARGV[1]
call('SADD', QUEUES, queue)
for i = 2, #ARGV, 2 do
  local kind, limits = ARGV[i], ARGV[i + 1]
  call('HSETNX', LANES .. queue, kind, '')
  if limits == '' then
    try('HDEL', LIMITS .. queue, 'contract:' .. kind)
  else
    try('HSET', LIMITS .. queue, 'contract:' .. kind, limits)
  end
  apply_limits(queue, kind)
end
