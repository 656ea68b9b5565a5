-- Putting waiting jobs back where they should stand.

-- Whether jobs of the kind may stand in the key.
local function may_stand_in(key, queue, kind)
  if key == SUSPECTS .. queue then return true end
  for level in pairs(HEAD_START_MS) do
    if key == lane_key(queue, kind, level) then return true end
  end
  return false
end

-- From here on `mend` goes over the jobs of each kind that may stand in the key.
local function begin_mending(key)
  for _, queue in ipairs(call('SMEMBERS', QUEUES)) do
    for _, kind in ipairs(call('HKEYS', LANES .. queue)) do
      if may_stand_in(key, queue, kind) then call('HSET', MENDING, index_key(queue, kind, 'waiting'), 0) end
    end
  end
end

-- One batch of an index of waiting jobs. Those that stand where they should stay as they are.
local function mend(index, cursor)
  local found = try('ZSCAN', index, cursor, 'COUNT', BATCH_JOBS) or { '0', {} }
  for i = 1, #found[2], 2 do
    local job = read(found[2][i])
    -- a plain function's job without a payload was run by a stock worker
    if job and job.state == 'waiting' and (job.kind ~= PLAIN or call('EXISTS', PAYLOAD .. job.id) == 1) then
      if try('ZADD', place(job), 'NX', job.due, job.id) == 1 then wake(job.queue) end
    end
  end
  if found[1] == '0' then call('HDEL', MENDING, index) else call('HSET', MENDING, index, found[1]) end
  return #found[2] / 2
end
