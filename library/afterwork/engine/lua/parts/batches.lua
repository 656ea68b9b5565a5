-- What a script wants of the sorted sets, of strings and of the event stream, and whom it has to tell, is collected and done
-- by one command each: a batch of jobs costs little more than one. `scripts.py` ends every script by `flush`.
local wanted = {} -- key → member → score, or false: to be removed
local dropped = {} -- keys that go
local kept = {} -- keys of strings, and what they hold from now on, in turn
local changes = {} -- lines of the next entry of the event stream
local broken = {} -- keys that hold something else than they are for, which only others can have put there
local news = {} -- job id and "<version> <state>" in turn, for those who follow the job

-- Whether an error says that others have written what nobody can work with.
local function is_of_others(problem)
  return type(problem) ~= 'table' or string.find(problem.err, 'WRONGTYPE', 1, true)
end

-- What a command answers; nil if its key holds something else than it is for, so that no queue stops for one key.
local function try(command, key, ...)
  local answer = redis.pcall(command, key, ...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if not is_of_others(answer) then error(answer) end
  broken[key] = true
end

-- A number that a command answers.
local function count_of(...) return try(...) or 0 end

local texts = {} -- number → the same as text: a call has the same few times and versions again and again

-- A whole number as text. Commands take numbers too, but as floating-point ones, which costs several times as much.
local function text(number)
  local known = texts[number]
  if not known then
    known = string.format('%d', number)
    texts[number] = known
  end
  return known
end

local function want(key, member, score)
  local members = wanted[key]
  if not members then
    members = {}
    wanted[key] = members
  end
  members[member] = score
end

local function add(key, score, member) want(key, member, score) end

local function remove(key, member) want(key, member, false) end

-- Make one sorted set what it is wanted to be; whoever reads it in the middle of a script calls this first.
local function flush_set(key)
  local members = wanted[key]
  if not members then return end
  wanted[key] = nil
  local added, removed = {}, {}
  local last, last_text -- most members of a batch get the same score
  for member, score in pairs(members) do
    if score then
      if score ~= last then last, last_text = score, text(score) end
      added[#added + 1] = last_text
      added[#added + 1] = member
    else
      removed[#removed + 1] = member
    end
  end
  if #removed > 0 then try('ZREM', key, unpack(removed)) end
  if #added > 0 then try('ZADD', key, unpack(added)) end
end

local function keep(key, value)
  kept[#kept + 1] = key
  kept[#kept + 1] = value
end

local function drop(key) dropped[#dropped + 1] = key end

-- Write what was collected for keys of all sorts; whoever reads those of a job that has just changed calls this first.
local function flush_keys()
  if #kept > 0 then call('MSET', unpack(kept)) end
  for key in pairs(wanted) do flush_set(key) end
  if #dropped > 0 then call('DEL', unpack(dropped)) end
  dropped, kept = {}, {}
end

-- Tell whoever listens. It is a hint: a user who may not publish must not break a transition in its middle.
local function tell(channel, message) redis.pcall('PUBLISH', channel, message) end

-- The channels of jobs that anybody listens to; nil: any of them may be.
local function heard_channels()
  if redis.pcall('PUBSUB', 'NUMPAT') ~= 0 then return nil end
  local channels = redis.pcall('PUBSUB', 'CHANNELS', CHANGED .. '*')
  if channels.err then return nil end
  local heard = {}
  for _, channel in ipairs(channels) do heard[channel] = true end
  return heard
end

-- To publish costs 0.7 µs a change, heard or not; of many changes most are heard by nobody.
local function publish()
  local heard = #news > 2 * MANY_NEWS and heard_channels()
  if heard and not next(heard) then return end
  for i = 1, #news, 2 do
    local channel = CHANGED .. news[i]
    if not heard or heard[channel] then tell(channel, news[i + 1]) end
  end
end

-- For mend.lua; scripts that only read may not.
local function note_broken()
  if count_of('HLEN', BROKEN) >= LIST_CANDIDATES then return end
  for key in pairs(broken) do redis.pcall('HSETNX', BROKEN, key, call('TYPE', key).ok) end
end

local function flush()
  flush_keys()
  publish()
  if #changes > 0 then
    try('XADD', EVENTS, 'MAXLEN', '~', EVENT_ENTRIES, '*', 'changes', table.concat(changes, '\n'))
  end
  if next(broken) then note_broken() end
end
