#!lua
-- Store new jobs, each whole or not at all; a neighbour's refusal does not matter.
-- ARGV: durability, then per group of jobs that are alike:
--       how many · queue kind level delay|at milliseconds max_attempts timeout owner unique tags start_before
--       retention follow_ups then · and for each of them: id idempotency body payload   ('' where there is none)
--       (follow_ups: the kinds of those in `then`)
-- Returns the time, and per job when it is due if it is stored, or else {verdict, id, created, due}: same · duplicate ·
-- mismatch.
local SHARED, OWN = 14, 4
local at = tick()

local function refusal(group, id, idempotency, body)
  local known = call('HMGET', JOB .. id, 'created', 'due')
  if known[1] then return { 'same', id, known[1], known[2] } end
  if idempotency ~= '' then
    local first = call('GET', IDEMPOTENCY .. idempotency)
    if first then
      local first_body, first_id = string.match(first, '^(%S+) (.+)$')
      return { first_body == body and 'same' or 'mismatch', first_id, 0, 0 }
    end
  end
  local unique = group.options.unique
  local holder = unique ~= '' and read_text(unique_key(group.options.owner, group.kind, unique))
  if holder then return { 'duplicate', holder, 0, 0 } end
  return nil
end

local function group_at(place)
  local queue, kind, level, clock_name, ms, max_attempts, timeout,
    owner, unique, tags, start_before, retention, follow_ups, following = unpack(ARGV, place, place + SHARED - 1)
  return {
    queue = queue, kind = kind, level = level, due = due_of(clock_name, ms, at), max_attempts = max_attempts,
    timeout = timeout, durability = ARGV[1], following = following,
    options = {
      owner = owner, unique = unique, tags = tags, start_before = start_before, retention = retention,
      follow_ups = follow_ups,
    },
  }
end

local verdicts, accepted = { at }, 0
local place = 2
while ARGV[place] do
  local group, last, stored = group_at(place + 1), place + SHARED + ARGV[place] * OWN, 0
  for i = place + SHARED + 1, last, OWN do
    local id, idempotency, body = ARGV[i], ARGV[i + 1], ARGV[i + 2]
    local refused = refusal(group, id, idempotency, body)
    if not refused then
      accept(group, id, at)
      keep(PAYLOAD .. id, ARGV[i + 3])
      if idempotency ~= '' then
        call('SET', IDEMPOTENCY .. idempotency, body .. ' ' .. id, 'PX', IDEMPOTENCY_MS)
      end
      stored = stored + 1
    end
    verdicts[#verdicts + 1] = refused or group.due
  end
  if stored > 0 then announce(group.queue, group.kind) end
  accepted, place = accepted + stored, last + 1
end
if accepted > 0 then call('HINCRBY', LEDGER, 'accepted', accepted) end
return verdicts
