#!lua flags=allow-oom
-- ARQ's own sign of life for a queue, so that `arq --check` finds its workers healthy.
-- ARGV: queue, ms for which it holds, text; or 0 ms to take that text back, unless another worker has written since.
local key = ARGV[1] .. HEALTH_SUFFIX
if ARGV[2] == '0' then
  local shown = call('GET', key)
  if shown and string.sub(shown, 1, #ARGV[3]) == ARGV[3] then call('DEL', key) end
  return
end
local waiting = 0
for _, kind in ipairs(call('HKEYS', LANES .. ARGV[1])) do
  waiting = waiting + count_of('ZCARD', index_key(ARGV[1], kind, 'waiting'))
end
call('SET', key, ARGV[3] .. ' queued=' .. waiting, 'PX', ARGV[2])
