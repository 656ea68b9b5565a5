#!lua flags=allow-oom
-- Pause or resume a queue, or one kind of it: what is paused is not claimed; what runs goes on.
-- ARGV: queue, kind or '', 1 to pause or 0 to resume. Returns missing-queue · missing-kind · done.
-- parts: parts/limits
local queue, kind = ARGV[1], ARGV[2]
if call('SISMEMBER', QUEUES, queue) == 0 then return 'missing-queue' end
if kind ~= '' and call('HEXISTS', LANES .. queue, kind) == 0 then return 'missing-kind' end
local field = kind == '' and 'paused' or 'paused:' .. kind
if ARGV[3] == '1' then
  call('HSET', LIMITS .. queue, field, 1)
else
  call('HDEL', LIMITS .. queue, field)
  wake(queue)
end
return 'done'
