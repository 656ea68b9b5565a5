#!lua
-- Store new jobs, each whole or not at all; a neighbour's refusal does not matter.
-- ARGV: durability, then per job: id queue kind level delay|at milliseconds max_attempts timeout
--       owner unique idempotency body tags start_before retention follow_ups then payload   ('' where there is none)
--       (follow_ups: the kinds of those in `then`)
-- Returns per job {verdict, id, created, due, now}: stored · same · duplicate · mismatch.
local WIDTH = 18
local at = tick()

local function refusal(id, kind, owner, unique, idempotency, body)
  local known = call('HMGET', JOB .. id, 'created', 'due')
  if known[1] then return { 'same', id, known[1], known[2], at } end
  if idempotency ~= '' then
    local first = call('GET', IDEMPOTENCY .. idempotency)
    if first then
      local first_body, first_id = string.match(first, '^(%S+) (.+)$')
      return { first_body == body and 'same' or 'mismatch', first_id, 0, 0, at }
    end
  end
  local holder = unique ~= '' and call('GET', unique_key(owner, kind, unique))
  if holder then return { 'duplicate', holder, 0, 0, at } end
  return nil
end

local verdicts, announced, accepted = {}, {}, 0
for i = 2, #ARGV, WIDTH do
  local id, queue, kind, level, clock_name, ms, max_attempts, timeout,
    owner, unique, idempotency, body, tags, start_before, retention,
    follow_ups, following, payload = unpack(ARGV, i, i + WIDTH - 1)
  local refused = refusal(id, kind, owner, unique, idempotency, body)
  if refused then
    verdicts[#verdicts + 1] = refused
  else
    local due = due_of(clock_name, ms, at)
    accept(
      {
        id = id, queue = queue, kind = kind, level = level, due = due, max_attempts = max_attempts,
        timeout = timeout, durability = ARGV[1], payload = payload, following = following,
      },
      {
        owner = owner, unique = unique, tags = tags, start_before = start_before, retention = retention,
        follow_ups = follow_ups,
      },
      at
    )
    if idempotency ~= '' then
      call('SET', IDEMPOTENCY .. idempotency, body .. ' ' .. id, 'PX', IDEMPOTENCY_MS)
    end
    if not announced[queue .. ' ' .. kind] then
      announced[queue .. ' ' .. kind] = true
      announce(queue, kind)
    end
    accepted = accepted + 1
    verdicts[#verdicts + 1] = { 'stored', id, at, due, at }
  end
end
if accepted > 0 then call('HINCRBY', LEDGER, 'accepted', accepted) end
return verdicts
