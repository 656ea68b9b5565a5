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
    lane.members = try('ZRANGEBYSCORE', lane.key, '-inf', at, 'WITHSCORES', 'LIMIT', 0, count) or {}
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

-- Do something with a member of a set. One with which it cannot be done, because of what others have written, is looked at
-- again after a lease.
local function with_member(key, id, deed, ...)
  local is_done, problem = pcall(deed, ...)
  if is_done then return end
  if not is_of_others(problem) then error(problem) end
  redis.setresp(2)
  broken[JOB .. id] = true
  add(key, at + lease, id)
end

-- Suspects run one at a time per worker, so that a killer takes no innocent one with it.
-- Those that may not start hide nobody.
local function claim_suspect()
  for first = 0, LIST_CANDIDATES - 1, BATCH_JOBS do
    local ids = try('ZRANGEBYSCORE', SUSPECTS .. queue, '-inf', at, 'LIMIT', first, BATCH_JOBS) or {}
    for _, id in ipairs(ids) do
      local kind = try('HGET', JOB .. id, 'kind')
      local job = kind and defaults[kind] and not is_closed(kind) and read(id)
      if kind == false then
        remove(SUSPECTS .. queue, id)
      elseif job and job.state == 'waiting' then
        return with_member(SUSPECTS .. queue, id, claim, job)
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
    with_member(lane.key, id, visit, lane, id, due)
  end
  note_gates()
end

-- Milliseconds until the first member of a lane may start; -1 if there is none, or if that hangs on something else.
local function next_due_time()
  local next_due = -1
  for _, lane in ipairs(lanes) do
    flush_set(lane.key)
    local first = try('ZRANGE', lane.key, 0, 0, 'WITHSCORES') or {}
    local due = first[2] and passes_at(lane.kind, tonumber(first[2]))
    if due then
      local wait = math.max(0, due - at)
      if next_due < 0 or wait < next_due then next_due = wait end
    end
  end
  return next_due
end
