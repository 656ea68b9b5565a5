-- What a step is told, read from front to back.
local worker, queue, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
local sequence, claim_number, slots = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local step_key = STEP .. worker .. ':' .. sequence % 2 -- two steps may be under way at a time
local suspect_running = ARGV[7] == '1'
local at, holds = hear(lease)
local cursor = 8

local function next_arg()
  cursor = cursor + 1
  return ARGV[cursor - 1]
end

local kinds, defaults = {}, {}
for _ = 1, tonumber(next_arg()) do
  local kind = next_arg()
  kinds[#kinds + 1] = kind
  defaults[kind] = { max_attempts = next_arg(), timeout = next_arg() }
end

local function next_lines()
  local lines = {}
  for i = 1, 3 * tonumber(next_arg()) do lines[i] = next_arg() end
  return lines
end

local FOLLOWER = {
  'id', 'queue', 'kind', 'level', 'clock_name', 'ms', 'max_attempts', 'timeout', 'unique', 'tags', 'start_before',
  'retention', 'follow_ups', 'following', 'payload', 'problem',
}

local function next_followers()
  local followers = {}
  for i = 1, tonumber(next_arg()) do
    local follower = {}
    for _, name in ipairs(FOLLOWER) do follower[name] = next_arg() end
    followers[i] = follower
  end
  return followers
end
