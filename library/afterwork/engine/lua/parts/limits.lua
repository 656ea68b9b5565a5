-- What of a queue is paused, and how much of each kind may run. Fields of LIMITS .. queue: `paused`, `paused:<kind>`, and
-- `contract:<kind>` and `operator:<kind>`, each "<max_running> <max_per_second>" with - for none; the latter wins.
local function read_limits(queue)
  local values, limits = try('HGETALL', LIMITS .. queue) or {}, {}
  for i = 1, #values, 2 do limits[values[i]] = values[i + 1] end
  return limits
end

-- max_running and max_per_second of a kind, nil where there is none, and whether an operator has set them.
local function limits_of(limits, kind)
  local by_operator = limits['operator:' .. kind]
  local running, rate = string.match(by_operator or limits['contract:' .. kind] or '', '^(%S+) (%S+)$')
  return tonumber(running), tonumber(rate), by_operator ~= nil
end

-- A rate as so many claims within so many ms: whole numbers a second, or one claim in more than a second.
local function window_of(rate)
  if rate >= 1 then return rate, 1000 end
  return 1, math.ceil(1000 / rate)
end

-- The claims of a kind with a rate stand in the list CLAIMED .. queue:kind, one entry "<ms> <total so far>" for all of one
-- millisecond; the first entry lies before the window.
local function claimed_key(queue, kind) return CLAIMED .. queue .. ':' .. kind end

local function claimed_at(key, position)
  local at, total = string.match(try('LINDEX', key, position) or '', '^(%d+) (%d+)$')
  return tonumber(at), tonumber(total)
end

-- How many more claims fit into the window that ends now, both ends included, and when the next one will.
local function rate_room(key, rate, at)
  local count, window = window_of(rate)
  local oldest = claimed_at(key, 1)
  while oldest and oldest < at - window do
    call('LPOP', key)
    oldest = claimed_at(key, 1)
  end
  if not oldest then return count, at end
  local _, before = claimed_at(key, 0)
  local _, total = claimed_at(key, -1)
  return count - (total - before), oldest + window + 1
end

local function note_claims(key, count, at)
  local last, total = claimed_at(key, -1)
  if not last then
    try('RPUSH', key, '0 0', text(at) .. ' ' .. text(count))
  elseif last == at then
    call('LSET', key, -1, text(at) .. ' ' .. text(total + count))
  else
    call('RPUSH', key, text(at) .. ' ' .. text(total + count))
  end
end

-- After a change of the limits: what is not counted any more is forgotten, and a worker looks what may start now.
local function apply_limits(queue, kind)
  local _, rate = limits_of(read_limits(queue), kind)
  if not rate then call('DEL', claimed_key(queue, kind)) end
  wake(queue)
end
