#!lua flags=no-writes
-- The conservation of jobs, counted from two independent sides. Returns a flat list of names and counts.
local at = now()
local counts = { waiting = 0, running = 0, succeeded = 0, failed = 0, cancelled = 0 }
local scheduled, gaps = 0, 0

for _, queue in ipairs(call('SMEMBERS', QUEUES)) do
  local live, waiting, standing = 0, 0, count_of('ZCARD', SUSPECTS .. queue)
  local ahead = count_of('ZCOUNT', SUSPECTS .. queue, '(' .. at, '+inf') - count_of('ZCOUNT', LEASES .. queue, '(' .. at, '+inf')
  for _, kind in ipairs(call('HKEYS', LANES .. queue)) do
    for state in pairs(counts) do
      local count = count_of('ZCARD', index_key(queue, kind, state))
      counts[state] = counts[state] + count
      if state == 'waiting' or state == 'running' then live = live + count end
      if state == 'waiting' then waiting = waiting + count end
    end
    for level in pairs(HEAD_START_MS) do
      local lane = lane_key(queue, kind, level)
      standing = standing + count_of('ZCARD', lane)
      ahead = ahead + count_of('ZCOUNT', lane, '(' .. at, '+inf')
    end
  end
  if call('HEXISTS', LANES .. queue, PLAIN) == 1 then -- besides, what stock clients put there and nobody has adopted yet
    ahead, standing = math.min(ahead, waiting), math.min(standing, live)
  end
  scheduled, gaps = scheduled + ahead, gaps + math.abs(live - standing)
end

local booked = call('HMGET', LEDGER, 'accepted', 'adopted', 'swept')
local accepted, adopted, swept = tonumber(booked[1] or 0), tonumber(booked[2] or 0), tonumber(booked[3] or 0)
local held = counts.waiting + counts.running + counts.succeeded + counts.failed + counts.cancelled
return {
  'accepted', accepted, 'adopted', adopted, 'swept', swept, 'scheduled', scheduled,
  'queued', counts.waiting - scheduled, 'running', counts.running, 'succeeded', counts.succeeded,
  'failed', counts.failed, 'cancelled', counts.cancelled,
  'imbalance', math.abs(accepted + adopted - swept - held) + gaps,
}
