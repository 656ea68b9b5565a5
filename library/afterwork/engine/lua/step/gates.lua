-- How many more jobs of each limited kind may start. A kind without a gate may always start.
local gates = {} -- kind → running, rate: how many more jobs either limit allows; opens: when the rate allows more

-- After what has ended was written to the sets, before anything is claimed.
local function measure_gates()
  if call('EXISTS', LIMITS .. queue) == 0 then return end -- half the time of reading nothing
  local limits = read_limits(queue)
  for _, kind in ipairs(kinds) do
    local max_running, rate = limits_of(limits, kind)
    if limits.paused or limits['paused:' .. kind] then
      gates[kind] = { running = 0, rate = 0, claimed = 0 }
    elseif max_running or rate then
      local gate = { running = math.huge, rate = math.huge, claimed = 0 }
      if max_running then gate.running = max_running - count_of('ZCARD', index_key(queue, kind, 'running')) end
      if rate then
        gate.log = claimed_key(queue, kind)
        gate.max_rate = rate
        gate.rate, gate.opens = rate_room(gate.log, rate, at)
      end
      gates[kind] = gate
    end
  end
end

local function is_closed(kind)
  local gate = gates[kind]
  return gate and (gate.running <= 0 or gate.rate <= 0)
end

local function pass_gate(kind)
  local gate = gates[kind]
  if not gate then return end
  gate.running, gate.rate, gate.claimed = gate.running - 1, gate.rate - 1, gate.claimed + 1
end

-- Write down what was claimed under a rate.
local function note_gates()
  for _, gate in pairs(gates) do
    if gate.log and gate.claimed > 0 then
      note_claims(gate.log, gate.claimed, at)
      gate.rate, gate.opens = rate_room(gate.log, gate.max_rate, at)
    end
  end
end

-- From when on a job of the kind that is due at this time may start; nil if that hangs on something else than time.
local function passes_at(kind, due)
  local gate = gates[kind]
  if not gate or (gate.running > 0 and gate.rate > 0) then return due end
  if gate.running <= 0 then return nil end
  return math.max(due, gate.opens)
end
