-- Which job is next: over the lanes of the worker's kinds, the most urgent first.
local lanes = {}
for _, kind in ipairs(kinds) do
  for level, head_start in pairs(HEAD_START_MS) do
    lanes[#lanes + 1] = {
      key = lane_key(queue, kind, level), kind = kind, level = level, head_start = head_start, members = {}, next = 1,
    }
  end
end

-- The due time of the lane's next member, less its head start; nil if none may start. Looks at one first, then at many.
local function head(lane)
  if is_closed(lane.kind) then return nil end
  if not lane.members[lane.next] then
    if lane.is_empty then return nil end
    local count = lane.seen and slots or 1
    flush_set(lane.key)
    lane.members = call('ZRANGEBYSCORE', lane.key, '-inf', at, 'WITHSCORES', 'LIMIT', 0, count)
    lane.next, lane.seen, lane.is_empty = 1, true, #lane.members == 0
    if lane.is_empty then return nil end
  end
  return lane.members[lane.next + 1] - lane.head_start
end

local function most_urgent()
  local best, best_due
  for _, lane in ipairs(lanes) do
    local due = head(lane)
    if due and (not best or due < best_due) then best, best_due = lane, due end
  end
  return best
end

-- Suspects run one at a time per worker, so that a killer takes no innocent one with it.
-- Those that may not start hide nobody.
local function claim_suspect()
  for first = 0, LIST_CANDIDATES - 1, BATCH_JOBS do
    local ids = call('ZRANGEBYSCORE', SUSPECTS .. queue, '-inf', at, 'LIMIT', first, BATCH_JOBS)
    for _, id in ipairs(ids) do
      local kind = call('HGET', JOB .. id, 'kind')
      local job = kind and defaults[kind] and not is_closed(kind) and read(id)
      if not kind then
        remove(SUSPECTS .. queue, id)
      elseif job and job.state == 'waiting' then
        return claim(job)
      end
    end
    if #ids < BATCH_JOBS then return end
  end
end

-- Claim what is due, as many as there are slots. Visits are bounded: not every member can be claimed.
local function claim_due()
  if not suspect_running then claim_suspect() end
  local visits = 0
  while not is_full and #claims < slots and visits < 2 * BATCH_JOBS do
    local lane = most_urgent()
    if not lane then break end
    local id, due = lane.members[lane.next], lane.members[lane.next + 1]
    lane.next, visits = lane.next + 2, visits + 1
    visit(lane, id, due)
  end
  note_gates()
end

-- Milliseconds until the first member of a lane may start; -1 if there is none, or if that hangs on something else.
local function next_due_time()
  local next_due = -1
  for _, lane in ipairs(lanes) do
    flush_set(lane.key)
    local first = call('ZRANGE', lane.key, 0, 0, 'WITHSCORES')
    local due = first[2] and passes_at(lane.kind, tonumber(first[2]))
    if due then
      local wait = math.max(0, due - at)
      if next_due < 0 or wait < next_due then next_due = wait end
    end
  end
  return next_due
end
