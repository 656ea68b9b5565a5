#!lua flags=allow-oom
-- What stock clients and workers have done in a queue: aborts that they ask for, and jobs of ours that they have run.
-- parts: parts/plain
-- ARGV: queue, how many waiting jobs to pass over. Looks at the oldest of them as well, which stock workers take first.
-- Returns {ids that are to be aborted, jobs that have ended, how many to pass over next time}; job: {id, function, result or ''}.
local queue, passed, at = ARGV[1], tonumber(ARGV[2]), tick()
local WINDOW = 200

call('ZREMRANGEBYSCORE', ABORTS, '-inf', at - ABORT_MS)
local aborts = {}
for _, id in ipairs(call('ZRANGE', ABORTS, 0, WINDOW - 1)) do
  local job = call('HMGET', JOB .. id, 'queue', 'state')
  local is_live = job[2] == 'waiting' or job[2] == 'running'
  if is_live and job[1] == queue or not is_live and call('ZSCORE', queue, id) then
    aborts[#aborts + 1] = id
  elseif job[2] then
    if not is_live then remove(ABORTS, id) end
  end
end

local index, ended, seen = index_key(queue, PLAIN, 'waiting'), {}, {}
local function look(first)
  local ids = call('ZRANGE', index, first, first + WINDOW - 1)
  for _, id in ipairs(ids) do
    if not seen[id] and is_nowhere({ id = id, queue = queue }) and call('EXISTS', PAYLOAD .. id) == 0 then
      ended[#ended + 1] = { id, call('HGET', JOB .. id, 'function') or '', read_text(RESULT .. id) or '' }
    end
    seen[id] = true
  end
  return #ids
end

look(0)
local count = passed > 0 and look(passed) or WINDOW
if #ended > 0 then see_stock(queue) end
return { aborts, ended, count < WINDOW and 0 or passed + WINDOW }
