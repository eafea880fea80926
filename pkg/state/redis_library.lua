#!lua name=weir_v3
--[[ redis_library.lua - what weir needs done inside Redis: six functions, no knowledge of windows.

State is cells: bytes under (space, key) that only weir's step functions in C understand
(docs/decisions/0011). A key belongs to one of 64 shards; all keys of shard S carry the hash tag
{w:S}, which is the one key that a call names (KEYS[1]). What belongs to a group of workers has the
hash of the group's name in its tags, {w:GROUP:S}: two groups share nothing but the server.

  {w:S}:m             hash    seq: a number that rises with each change of the shard
                              u: bytes that all spaces hold: cells, side bytes, pages
                              run: the incarnation that may be trusted (blessed)
                              e:P epoch of partition P; a:P:R what is applied of P in round R:
                              position, tick (8 bytes each), prefix (8)
  {w:S}:c:SPACE       hash    key (16 bytes) -> cell; SPACE: 16 bytes
  {w:S}:p:SPACE NO    string  page of small cells: records of 16 bytes
  {w:S}:b             hash    SPACE -> how much it holds: cells, bytes, side bytes, small cells,
                              bytes of pages, and over how many pages keys are spread
  {w:S}:t:L           zset    SPACE key (32 bytes) by due time, for spaces of level L
  {w:S}:f:SPACE       zset    key by level: timers that came due where nobody knew the space; docs/decisions/0031
  {w:S}:f             zset    SPACE by a number that rises (in m: f): timers of it were set aside then
  {w:S}:o:P:R         list    decided and not yet published: position, tick (8 bytes each), kind
                              (1: a claim, 0: none), uid (16), kind, sequence (8), ...
  {w:S}:l             hash    uid and kind -> sequence (8): claims that were restored
  {w:S}:k:CLIENT      string  the client's last commit, to know a repeated one

A cell's value begins with version (1 byte), weight (1), stamp (8: the shard's seq when it was
written; no two values of one cell share it), due (8), idle (8). Arguments come flat, a list as
its length and its elements, so that they can be handed on by unpack() without a look at them. ]]

-- Counts up with each change of this file: a weir that has a later one replaces what a Redis holds.
-- What older ones call stays as they know it, or the library gets another name.
local REVISION = 5

local STAMP = 10 -- version, weight and stamp
local USAGE = '<i8i8i8i8i8i8'
local RECORD = 16 -- bytes of a small cell
local TOKEN_SECONDS = 3600
local SWEEP_SAMPLE = 64
local LEVELS = 32
local CELL, TIMER, NEVER, PAGE = 128, 144, 9e18, 136 -- redis_value.h, redis_small.h
local NO_NAME, WHOLE = -1, -2 -- redis_small.h
local RELIEF_TURNS = 256
local PAGES_LOOK = 64
local TOP = 512 -- spaces
local ASIDE_LOOK, ASIDE_TURN = 1000, 2000 -- spaces of one reading; timers that one call takes back
local ASIDE = '-1' -- instead of a level
local UNPACKED = 4000 -- values of one unpack(), which takes 8,000 less what is on the stack; an even number

local function reader(args)
  local at = 0
  local function one() at = at + 1 return args[at] end
  local function number() at = at + 1 return tonumber(args[at]) end
  local function many() -- from, to: a range of args
    local from = number() + at
    local start = at + 1
    at = from
    return start, at
  end
  local function has_more() return args[at + 1] ~= nil end
  return one, number, many, has_more
end

-- args[from .. to] behind the key, in as many calls as they need.
local function call_with(command, key, args, from, to)
  for at = from, to, UNPACKED do
    redis.call(command, key, unpack(args, at, math.min(at + UNPACKED - 1, to)))
  end
end

local own_run -- of this Redis; a restart loads the library anew
local function run_id()
  own_run = own_run or string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  return own_run
end

-- A key of the same group that belongs to no shard.
local function name(key, what) return string.match(key, '^.*:') .. what .. '}' end

local function holds_lease(key, run, token)
  return run == run_id() and redis.call('GET', name(key, 'lease')) == token
end

local function next_due(tag, level, after)
  return redis.call('ZRANGEBYSCORE', tag .. ':t:' .. level, '(' .. after, '+inf', 'LIMIT', 0, 1,
    'WITHSCORES')[2] or false
end

local function applied(tag, partition, round)
  return redis.call('HGET', tag .. ':m', 'a:' .. partition .. ':' .. round)
end

-- An incarnation is 'RUN-TOKEN': the run that a recovery happened in, and its lease.
local function is_current(hash, incarnation)
  return string.match(incarnation, '^(%w+)-') == run_id() and
    redis.call('HGET', hash, 'run') == incarnation
end

local function is_blessed(tag, incarnation) return is_current(tag .. ':m', incarnation) end

-- Was the record of an outbox entry published, as far as recovery has seen?
local function is_published(tag, entry)
  local kind = string.byte(entry, 17)
  local claim = kind > 0 and redis.call('HGET', tag .. ':l', string.sub(entry, 18, 34))
  if not claim then return 0 end
  return struct.unpack('<I8', entry, 35) <= struct.unpack('<I8', claim) and 1 or 0
end

local function published(tag, entries)
  local flags = {}
  if redis.call('EXISTS', tag .. ':l') == 0 then return flags end
  for i, entry in ipairs(entries) do flags[i] = is_published(tag, entry) end
  return flags
end

local function page_key(tag, space, key, spread)
  return tag .. ':p:' .. space .. struct.pack('<I4', struct.unpack('<I4', key, 13) % spread)
end

-- Cells that are not there may be small ones: their pages are asked for.
local function read_pages(tag, space, values, args, from, spread)
  local pages = {}
  for i = 1, #values do
    pages[i] = not values[i] and redis.call('GET', page_key(tag, space, args[from + i - 1], spread))
  end
  return pages
end

local function read_sample(tag, space, n, spread)
  local found, pages = redis.call('HRANDFIELD', tag .. ':c:' .. space, n, 'WITHVALUES'), {}
  for i = 1, spread > 0 and #found or 0, 2 do
    pages[#pages + 1] = redis.call('GET', page_key(tag, space, found[i], spread))
  end
  return found, pages
end

local function usage_of(tag, space)
  local old = redis.call('HGET', tag .. ':b', space)
  return old and { struct.unpack(USAGE, old) } or { 0, 0, 0, 0, 0, 0 }
end

-- What was set aside since `seen`: the last number, then spaces with theirs.
local function set_aside_since(tag, seen)
  return redis.call('HGET', tag .. ':m', 'f') or '0',
    redis.call('ZRANGEBYSCORE', tag .. ':f', '(' .. seen, '+inf', 'LIMIT', 0, ASIDE_LOOK, 'WITHSCORES')
end

local function size_of(usage) return usage[2] + usage[3] + usage[5] end
local function held(tag) return tonumber(redis.call('HGET', tag .. ':m', 'u') or 0) end

-- timer_ms, skip, limit, round, run, partitions, then groups: space, sample (negative:
-- with pages), spread (0: no pages), keys. Behind them (an older weir says nothing there) up to which
-- number we know what was set aside.
-- Gives seq, next due, blessed, what is applied, outboxes (entries, flags), due timers, their
-- cells, then groups: usage, cells, pages, sample, its pages; behind them what the shard's spaces
-- hold together, and how many there are; then what was set aside.
local function read(keys, args)
  local tag, groups = keys[1], {}
  local one, number, many, has_more = reader(args)
  local timer, skip, limit, round, run = one(), number(), number(), one(), one()
  local vectors, outboxes, due, cells = {}, {}, {}, {}
  local from, to = many()
  for i = from, to do
    local outbox = redis.call('LRANGE', tag .. ':o:' .. args[i] .. ':' .. round, 0, -1)
    vectors[#vectors + 1] = applied(tag, args[i], round)
    outboxes[#outboxes + 1] = { outbox, published(tag, outbox) }
  end
  if timer ~= '-inf' then
    due = redis.call('ZRANGEBYSCORE', tag .. ':t:' .. round, '-inf', timer, 'LIMIT', skip, limit)
    for i, member in ipairs(due) do
      cells[i] = redis.call('HGET', tag .. ':c:' .. string.sub(member, 1, 16), string.sub(member, 17))
    end
  end
  for g = 1, number() do
    local space, sample, spread = one(), number(), number()
    local first, last = many()
    local values = first <= last and redis.call('HMGET', tag .. ':c:' .. space, unpack(args, first, last)) or {}
    local pages = spread > 0 and read_pages(tag, space, values, args, first, spread) or {}
    local found, found_pages = read_sample(tag, space, math.abs(sample), sample < 0 and spread or 0)
    groups[g] = { redis.call('HGET', tag .. ':b', space), values, pages, found, found_pages }
  end
  return { redis.call('HGET', tag .. ':m', 'seq') or '0', next_due(tag, round, timer),
    is_blessed(tag, run) and 1 or 0, vectors, outboxes, due, cells, groups, held(tag),
    redis.call('HLEN', tag .. ':b'), unpack(has_more() and { set_aside_since(tag, one()) } or {}) }
end

-- Keys are spread over another number of pages than before: what lies in the old ones is not
-- found any more.
local function drop_pages(tag, space, spread)
  for i = 0, spread - 1 do redis.call('UNLINK', tag .. ':p:' .. space .. struct.pack('<I4', i)) end
end

-- By shard: the spaces that held most when we looked, in that order; `at`: whose turn it is. A cache of
-- this process: nothing is wrong when it is empty.
local largest = {}

local function note_growth(tag, space, size)
  local l = largest[tag]
  if not l or not l[l.at] or size <= l[l.at].size then return end
  if l[l.at].space ~= space then l.at = l.at - 1 end
  if l.at > 0 then l[l.at] = { space = space, size = size } else largest[tag] = nil end
end

-- deltas: cells, bytes, side bytes, small cells, pages; spread nil: as it is.
local function use(tag, space, deltas, spread)
  local u, change = usage_of(tag, space), size_of(deltas)
  for i = 1, 5 do u[i] = u[i] + deltas[i] end
  redis.call('HSET', tag .. ':b', space, struct.pack(USAGE, u[1], u[2], u[3], u[4], u[5], spread or u[6]))
  if change ~= 0 then redis.call('HINCRBY', tag .. ':m', 'u', change) end
  note_growth(tag, space, size_of(u))
end

local function respread(tag, space, spread)
  local u = usage_of(tag, space)
  if spread == u[6] then return end
  if u[5] > 0 then drop_pages(tag, space, u[6]) end
  use(tag, space, { 0, 0, 0, -u[4], -u[5] }, spread)
end

-- Is there a record that begins so?
local function has_name(page, name)
  local at = string.find(page, name, 1, true)
  while at and at % RECORD ~= 1 do at = string.find(page, name, at + 1, true) end
  return at ~= nil
end

-- What must be so of a page, by its offset: a record there; below 0: no record of a name, all of it, or no page
-- in the whole space.
local function is_page_so(tag, space, page, at, what)
  local key = tag .. ':p:' .. space .. page
  if at >= 0 then return redis.call('GETRANGE', key, at, at + RECORD - 1) == what end
  if at == NO_NAME then return not has_name(redis.call('GET', key) or '', what) end
  if at == WHOLE then return (redis.call('GET', key) or '') == what end
  return usage_of(tag, space)[5] == 0
end

-- Is every cell and record of the group as it was read? Pairs (key, stamp), then triples (page, offset, what).
local function is_unchanged(tag, space, args, from, to, page_from, page_to)
  for i = from, to, 2 do
    local value = redis.call('HGET', tag .. ':c:' .. space, args[i]) or ''
    if string.sub(value, 1, STAMP) ~= args[i + 1] then return false end
  end
  for i = page_from, page_to, 3 do
    if not is_page_so(tag, space, args[i], tonumber(args[i + 1]), args[i + 2]) then return false end
  end
  return true
end

-- One pass checks, the second one writes: nothing is written unless all may be.
local function group_of(args, one, number, many)
  local g = { space = one(), spread = number(),
    usage = { number(), number(), number(), number(), number() } }
  g.check, g.check_to = many()
  g.page_check, g.page_check_to = many()
  g.set, g.set_to = many()
  g.del, g.del_to = many()
  g.page, g.page_to = many()
  return g
end

local function write_group(tag, g, args)
  local hash = tag .. ':c:' .. g.space
  if g.page <= g.page_to then respread(tag, g.space, g.spread) end
  if g.set <= g.set_to then redis.call('HSET', hash, unpack(args, g.set, g.set_to)) end
  if g.del <= g.del_to then redis.call('HDEL', hash, unpack(args, g.del, g.del_to)) end
  for i = g.page, g.page_to, 3 do
    local page = tag .. ':p:' .. g.space .. args[i]
    if args[i + 1] == '-1' then redis.call('SET', page, args[i + 2])
    else redis.call('SETRANGE', page, args[i + 1], args[i + 2]) end
  end
  use(tag, g.space, g.usage)
end

-- Takes the cell away; gives what it cost and its side bytes.
local function drop(tag, space, key, value)
  local due, _, main, side = struct.unpack('<i8i8I4I4', value, 11)
  redis.call('HDEL', tag .. ':c:' .. space, key)
  if due > NEVER then return main + CELL, side end
  for level = 0, LEVELS - 1 do redis.call('ZREM', tag .. ':t:' .. level, space .. key) end
  redis.call('ZREM', tag .. ':f:' .. space, key)
  return main + CELL + TIMER, side
end

-- Some cells: key, value, weight, stamp, is it over? The weakest and oldest first.
local function sample(tag, space, watermark)
  local found, list = redis.call('HRANDFIELD', tag .. ':c:' .. space, SWEEP_SAMPLE, 'WITHVALUES'), {}
  for i = 1, #found, 2 do
    local weight, stamp, due, idle = struct.unpack('<Bi8i8i8', found[i + 1], 2)
    list[#list + 1] = { found[i], found[i + 1], weight, stamp, idle <= watermark and due > watermark }
  end
  table.sort(list, function(a, b)
    if a[3] ~= b[3] then return a[3] < b[3] end
    return a[4] < b[4]
  end)
  return list
end

-- ---- the total (docs/decisions/0017): a shard that holds more than its part takes from its largest space

local function look(tag)
  local all, list, top = redis.call('HGETALL', tag .. ':b'), {}, { at = 1 }
  for i = 1, #all, 2 do
    list[#list + 1] = { space = all[i], size = size_of({ struct.unpack(USAGE, all[i + 1]) }) }
  end
  table.sort(list, function(a, b) return a.size > b.size end)
  for i = 1, math.min(TOP, #list) do top[i] = list[i] end
  largest[tag] = top
  return top
end

-- A space gives until it is below the next one, or below the fair share; then that one does. When all
-- have given we look again: so a look, which costs milliseconds, serves many.
local function largest_of(tag, limit)
  local l, spaces = largest[tag] or look(tag), redis.call('HLEN', tag .. ':b')
  while l[l.at] do
    local size, after = size_of(usage_of(tag, l[l.at].space)), l[l.at + 1]
    if size * spaces >= limit and size >= (after and after.size or 1) then return l[l.at].space end
    l.at = l.at + 1
  end
  return (look(tag)[1] or {}).space
end

local function strip(tag, space, list, over)
  local stamp, n, bytes = struct.pack('<I8', redis.call('HGET', tag .. ':m', 'seq') + 1), 0, 0
  for _, c in ipairs(list) do
    local main, side = struct.unpack('<I4I4', c[2], 27)
    if side > 0 and bytes < over then
      redis.call('HSET', tag .. ':c:' .. space, c[1], string.sub(c[2], 1, 2) .. stamp ..
        string.sub(c[2], 11, 30) .. '\0\0\0\0' .. string.sub(c[2], 35, 34 + main))
      n, bytes = n + 1, bytes + side
    end
  end
  if n > 0 then use(tag, space, { 0, 0, -bytes, 0, 0 }) end
  return n
end

local function count_records(page)
  local n = 0
  for at = 1, #page, RECORD do
    if string.sub(page, at, at + 5) ~= '\0\0\0\0\0\0' then n = n + 1 end
  end
  return n
end

local page_hand = 0 -- where we stopped; any place does
local function drop_some_pages(tag, space, usage, over)
  local n, bytes = 0, 0
  for _ = 1, PAGES_LOOK do
    page_hand = (page_hand + 1) % usage[6]
    local key = tag .. ':p:' .. space .. struct.pack('<I4', page_hand)
    local page = bytes < over and redis.call('GET', key)
    if page then
      redis.call('UNLINK', key)
      n, bytes = n + count_records(page), bytes + #page + PAGE
    end
  end
  use(tag, space, { 0, 0, 0, -n, -bytes })
  return n
end

local function evict(tag, space, list, over)
  local gone, bytes, sides = 0, 0, 0
  for i = 1, (#list + 1) / 2 do
    if bytes + sides < over then
      local cost, side = drop(tag, space, list[i][1], list[i][2])
      gone, bytes, sides = gone + 1, bytes + cost, sides + side
    end
  end
  use(tag, space, { -gone, -bytes, -sides, 0, 0 })
  return gone
end

-- One turn: side parts, else pages while they are more than they may be, else the weakest of some
-- cells. Gives how many cells and how many side parts went.
local function give(tag, space, over)
  local u, list = usage_of(tag, space), sample(tag, space, 0)
  local stripped = u[3] > 0 and strip(tag, space, list, over) or 0
  if stripped > 0 then return 0, stripped end
  if u[5] > 0 and u[6] > 0 and (#list == 0 or u[5] > (u[2] + u[5]) / 8 * 7) then
    return drop_some_pages(tag, space, u, over), 0
  end
  if #list > 0 then return evict(tag, space, list, over), 0 end
  use(tag, space, { -u[1], -u[2], -u[3], -u[4], -u[5] }) -- it holds nothing: somebody has miscounted
  return 0, 0
end

-- Gives a flat list: space, cells and side parts that went, its usage.
local function relieve(tag, limit)
  local gave, out = {}, {}
  for _ = 1, RELIEF_TURNS do
    local over = held(tag) - limit
    local space = over > 0 and largest_of(tag, limit)
    if not space then break end
    local evicted, stripped = give(tag, space, over)
    local g = gave[space] or { 0, 0 }
    gave[space] = { g[1] + evicted, g[2] + stripped }
  end
  for space, g in pairs(gave) do
    for _, x in ipairs({ space, g[1], g[2], redis.call('HGET', tag .. ':b', space) }) do out[#out + 1] = x end
  end
  return out
end

-- ---- timers that are not where they belong: their cells say when they are due (docs/decisions/0031) -----

-- Of a cell that has a timer.
local function due_of(tag, space, key)
  local value = redis.call('HGET', tag .. ':c:' .. space, key)
  local due = value and struct.unpack('<i8', value, 11)
  return due and due <= NEVER and due or nil
end

local function mark_aside(tag, space)
  redis.call('ZADD', tag .. ':f', redis.call('HINCRBY', tag .. ':m', 'f', 1), space)
end

local function zadd_lists(lists)
  for key, list in pairs(lists) do call_with('ZADD', key, list, 1, #list) end
end

local function add_to(lists, key, score, member)
  local list = lists[key] or {}
  list[#list + 1], list[#list + 2] = score, member
  lists[key] = list
end

-- Timers that their reader did not call, (member, level): to another level, or aside, if they are due still.
-- Gives how many were set aside.
local function move_timers(tag, round, timer, args, from, to)
  local here, gone, lists, spaces, n = tag .. ':t:' .. round, {}, {}, {}, 0
  for i = from, to, 2 do
    local member, level = args[i], args[i + 1]
    local space, key = string.sub(member, 1, 16), string.sub(member, 17)
    local due = due_of(tag, space, key)
    local goes = level ~= ASIDE and tag .. ':t:' .. level or due and due > tonumber(timer) and here
    if due and goes then
      add_to(lists, goes, due, member)
    elseif due then
      add_to(lists, tag .. ':f:' .. space, round, key)
      spaces[space], n = true, n + 1
    end
    if not due or goes ~= here then gone[#gone + 1] = member end
  end
  call_with('ZREM', here, gone, 1, #gone)
  zadd_lists(lists)
  for space in pairs(spaces) do mark_aside(tag, space) end
  return n
end

-- Some timers of the space, at most `room`, are where they were; with more to come it is told as changed once
-- more. Gives how many came back, and for how many there is still room.
local function take_back(tag, space, room)
  local aside, keys, lists, n = tag .. ':f:' .. space, {}, {}, 0
  local list = redis.call('ZRANGEBYSCORE', aside, '-inf', '+inf', 'LIMIT', 0, room, 'WITHSCORES')
  for i = 1, #list, 2 do
    local due = due_of(tag, space, list[i])
    keys[#keys + 1] = list[i]
    if due then
      add_to(lists, tag .. ':t:' .. list[i + 1], due, space .. list[i])
      n = n + 1
    end
  end
  call_with('ZREM', aside, keys, 1, #keys)
  zadd_lists(lists)
  if redis.call('EXISTS', aside) == 1 then mark_aside(tag, space)
  else redis.call('ZREM', tag .. ':f', space) end
  return n, room - #keys
end

local function trim(outbox, acked)
  local p, t = struct.unpack('>I8I8', acked)
  while true do
    local head = redis.call('LINDEX', outbox, 0)
    if not head then return end
    local hp, ht = struct.unpack('>I8I8', head)
    if hp > p or (hp == p and ht > t) then return end
    redis.call('LPOP', outbox)
  end
end

-- client, token, seq, timer_ms, round, run, lease (a token, or ''), limit of the shard's bytes, parts: (partition, epoch, applied as read, now,
-- acked), groups (group_of), timers by level: (level, those set (due, member), those gone), outbox:
-- (key, entries), due timers to be moved (member, level), spaces whose timers are taken back. An older weir
-- ends with the outbox, and knows of none that were set aside: those of its cells are taken back.
local function commit(keys, args)
  local tag, groups, parts = keys[1], {}, {}
  local meta = tag .. ':m'
  local one, number, many, has_more = reader(args)
  local client, token, seq, timer, round, run, lease = one(), one(), one(), one(), one(), one(), one()
  local limit, gave = number(), {}
  local is_repeated = redis.call('GET', tag .. ':k:' .. client) == token
  if lease ~= '' and not holds_lease(tag, run, lease) then return { 'FENCED' } end
  for i = 1, number() do
    local p = { name = one(), epoch = number(), was = one(), now = one(), acked = one() }
    parts[i] = p
    if not is_repeated then
      if not is_blessed(tag, run) then return { 'NEWINC' } end
      if tonumber(redis.call('HGET', meta, 'e:' .. p.name) or 0) > p.epoch then return { 'FENCED' } end
      if (applied(tag, p.name, round) or '') ~= p.was then return { 'CONFLICT' } end
    end
  end
  local is_same = is_repeated or (redis.call('HGET', meta, 'seq') or '0') == seq
  for i = 1, number() do
    local g = group_of(args, one, number, many)
    groups[i] = g
    if not is_same and not is_unchanged(tag, g.space, args, g.check, g.check_to,
        g.page_check, g.page_check_to) then return { 'CONFLICT' } end
  end
  local timers, flags = {}, {}
  for i = 1, number() do
    local t = { key = tag .. ':t:' .. one() }
    t.set, t.set_to = many()
    t.gone, t.gone_to = many()
    timers[i] = t
  end
  local outbox, outbox_to = many()
  for i = outbox, outbox_to, 2 do flags[#flags + 1] = args[i + 1] end
  flags = published(tag, flags)
  local is_older, moved, back, came, room = not has_more(), 0, 0, 0, ASIDE_TURN
  local aside = redis.call('HGET', meta, 'f') or '0'
  if not is_repeated then
    for _, g in ipairs(groups) do write_group(tag, g, args) end
    for _, t in ipairs(timers) do
      call_with('ZADD', t.key, args, t.set, t.set_to)
      call_with('ZREM', t.key, args, t.gone, t.gone_to)
    end
    if is_older then
      for _, g in ipairs(groups) do
        if redis.call('EXISTS', tag .. ':f:' .. g.space) == 1 then came, room = take_back(tag, g.space, room) end
      end
    else
      local move, move_to = many()
      moved = move_timers(tag, round, timer, args, move, move_to)
      local space, space_to = many()
      for i = space, space_to do
        came, room = take_back(tag, args[i], room)
        back = back + came
      end
    end
    for _, p in ipairs(parts) do
      trim(tag .. ':o:' .. p.name .. ':' .. round, p.acked)
      redis.call('HSET', meta, 'a:' .. p.name .. ':' .. round, p.now)
    end
    for i = outbox, outbox_to, 2 do
      redis.call('RPUSH', tag .. ':o:' .. args[i] .. ':' .. round, args[i + 1])
    end
    gave = relieve(tag, limit)
    redis.call('HINCRBY', meta, 'seq', 1)
    redis.call('SET', tag .. ':k:' .. client, token, 'EX', TOKEN_SECONDS)
  end
  return { 'DONE', next_due(tag, round, timer), flags, gave, not is_older and { moved, back, aside } or nil }
end

-- watermark, force: a full Redis makes room. Samples every space; cells that
-- mean nothing any more and owe no timer go, with force the weaker half too. Runs although memory is out.
local function sweep(keys, args)
  local tag, expired, evicted = keys[1], 0, 0
  local watermark, force = tonumber(args[1]), args[2] == '1'
  for _, space in ipairs(redis.call('HKEYS', tag .. ':b')) do
    local list, gone, bytes, sides = sample(tag, space, watermark), 0, 0, 0
    for i, c in ipairs(list) do
      if c[5] or (force and i <= (#list + 1) / 2) then
        local cost, side = drop(tag, space, c[1], c[2])
        gone, bytes, sides = gone + 1, bytes + cost, sides + side
        if c[5] then expired = expired + 1 else evicted = evicted + 1 end
      end
    end
    if gone > 0 then use(tag, space, { -gone, -bytes, -sides, 0, 0 }) end
  end
  redis.call('HINCRBY', tag .. ':m', 'seq', 1)
  return { expired, evicted }
end

-- ---- the protocol's other calls (pkg/state/store.h) ---------------------------------------------
--
--   {w:meta}    hash   secret: fingerprint; run: the blessed incarnation; e:P epoch; r:P where a replay of
--                      P begins
--   {w:marks}   hash   P -> a watermark (8 bytes) for each level
--   {w:lease}   string token of who recovers, with a time to live
--   {w:book}    hash   TOPIC/PARTITION -> its number P; '': how many were given; =TOPIC/PARTITION: the
--                      committed offset at which it was last found to be another log
--   {w:slot}:N  string token of who has slot N and its name, with a time to live

local NO_MARK = -2 ^ 63
local CLAIM_SECONDS = 35 * 86400 -- longer than any dedup period

local function give_marks(key, partition)
  redis.call('HSETNX', name(key, 'marks'), partition, '')
end

local function is_fenced(hash, partition, epoch)
  return tonumber(redis.call('HGET', hash, 'e:' .. partition) or 0) > tonumber(epoch)
end

local function least_marks(key, levels)
  local least, all = {}, redis.call('HGETALL', name(key, 'marks'))
  for i = 1, #all, 2 do
    for level = 1, levels do
      local at = (level - 1) * 8 + 1
      local mark = #all[i + 1] >= at + 7 and struct.unpack('<i8', all[i + 1], at) or NO_MARK
      if not least[level] or mark < least[level] then least[level] = mark end
    end
  end
  for level = 1, levels do least[level] = struct.pack('<i8', least[level] or NO_MARK) end
  return least
end

local function raise_marks(key, partition, marks)
  local hash = name(key, 'marks')
  local old, new = redis.call('HGET', hash, partition) or '', {}
  for at = 1, math.max(#old, #marks), 8 do
    local a = #old >= at + 7 and struct.unpack('<i8', old, at) or NO_MARK
    local b = #marks >= at + 7 and struct.unpack('<i8', marks, at) or NO_MARK
    new[#new + 1] = struct.pack('<i8', math.max(a, b))
  end
  redis.call('HSET', hash, partition, table.concat(new))
end

-- Calls that concern no shard; the first argument names them.
local meta_calls = {
  run = function(meta) return { 'DONE', run_id(), redis.call('HGET', meta, 'run') or '' } end,
  acquire = function(meta, partition, run)
    if not is_current(meta, run) then return { 'NEWINC' } end
    give_marks(meta, partition)
    return { 'DONE', redis.call('HINCRBY', meta, 'e:' .. partition, 1) }
  end,
  lease = function(meta, run, token, ttl_ms, seen)
    if run ~= run_id() or (redis.call('HGET', meta, 'run') or '') ~= seen then return { 'FENCED' } end
    local holder = redis.call('GET', name(meta, 'lease'))
    if holder and holder ~= token then return { 'FENCED' } end
    redis.call('SET', name(meta, 'lease'), token, 'PX', ttl_ms)
    return { 'DONE' }
  end,
  set_replay = function(meta, run, token, partition, from)
    if not holds_lease(meta, run, token) then return { 'FENCED' } end
    redis.call('HSETNX', meta, 'r:' .. partition, from)
    return { 'DONE' }
  end,
  replay_from = function(meta, partition) return { 'DONE', redis.call('HGET', meta, 'r:' .. partition) } end,
  end_replay = function(meta, partition, epoch, run)
    if not is_current(meta, run) then return { 'NEWINC' } end
    if is_fenced(meta, partition, epoch) then return { 'FENCED' } end
    redis.call('HDEL', meta, 'r:' .. partition)
    return { 'DONE' }
  end,
  -- The whole book, after each of the logs that had no number has got the next one.
  book = function(meta, max, ...)
    local book = name(meta, 'book')
    for _, log in ipairs({ ... }) do
      if redis.call('HEXISTS', book, log) == 0 then
        local number = tonumber(redis.call('HGET', book, '') or 0)
        if number >= tonumber(max) then return { 'FULL' } end
        redis.call('HSET', book, '', number + 1, log, number)
      end
    end
    return { 'DONE', redis.call('HGETALL', book) }
  end,
  -- A log of this name is another one by now: a new number, once for each offset it is noticed at.
  renew = function(meta, max, log, old, committed)
    local book = name(meta, 'book')
    local number = tonumber(redis.call('HGET', book, '') or 0)
    if redis.call('HGET', book, log) == old and redis.call('HGET', book, '=' .. log) ~= committed then
      if number >= tonumber(max) then return { 'FULL' } end
      redis.call('HSET', book, '', number + 1, log, number, '=' .. log, committed)
      redis.call('HDEL', name(meta, 'marks'), old)
    end
    return { 'DONE', redis.call('HGETALL', book) }
  end,
}

-- Those of many partitions take the arguments as they are: unpack() would not give all of them.
local list_calls = {
  mark = function(meta, args)
    local run, levels, first = args[2], tonumber(args[3]), 4 -- partition, epoch, watermarks
    if not is_current(meta, run) then return { 'NEWINC' } end
    for i = first, #args, 3 do
      if is_fenced(meta, args[i], args[i + 1]) then return { 'FENCED' } end
    end
    for i = first, #args, 3 do raise_marks(meta, args[i], args[i + 2]) end
    return { 'DONE', least_marks(meta, levels) }
  end,
  bless = function(meta, args)
    local run, token = args[2], args[3]
    if not holds_lease(meta, run, token) then return { 'FENCED' } end
    for i = 4, #args do give_marks(meta, args[i]) end
    redis.call('HSET', meta, 'run', run .. '-' .. token)
    redis.call('DEL', name(meta, 'lease'))
    return { 'DONE' }
  end,
  -- Nobody reads these partitions any more: they hold no watermark.
  retire = function(meta, args)
    for i = 2, #args do redis.call('HDEL', name(meta, 'marks'), args[i]) end
    return { 'DONE' }
  end,
}

-- ---- slots (pkg/worker/slot.h) --------------------------------------------------------------------

local TOKEN = 16 -- bytes of the token in front of the name

local function slot_key(meta, n) return name(meta, 'slot') .. ':' .. n end

local function own_slots(meta, token, ttl_ms, worker, slots)
  for _, n in ipairs(slots) do
    redis.call('SET', slot_key(meta, n), token .. worker, 'PX', ttl_ms)
  end
  return { 'DONE', slots }
end

-- Who else has one of them: its number, token and name, and for how long still.
local function other_of(meta, token, slots)
  for _, n in ipairs(slots) do
    local holder = redis.call('GET', slot_key(meta, n))
    if holder and string.sub(holder, 1, TOKEN) ~= token then
      return { 'TAKEN', n, string.sub(holder, 1, TOKEN), string.sub(holder, TOKEN + 1),
        redis.call('PTTL', slot_key(meta, n)) }
    end
  end
end

local slot_calls = {
  -- These, or nothing. Also to renew: what has run out and was taken by nobody is ours again.
  take = function(meta, token, ttl_ms, worker, ...)
    return other_of(meta, token, { ... }) or own_slots(meta, token, ttl_ms, worker, { ... })
  end,
  -- n free ones below max, or nothing. Those of the token are free: its answer may have been lost.
  find = function(meta, token, ttl_ms, worker, n, max)
    local found = {}
    for slot = 0, max - 1 do
      if #found == tonumber(n) then break end
      if not other_of(meta, token, { slot }) then found[#found + 1] = tostring(slot) end
    end
    if #found < tonumber(n) then return { 'NONE', #found } end
    return own_slots(meta, token, ttl_ms, worker, found)
  end,
  free = function(meta, token, ...)
    for _, n in ipairs({ ... }) do
      if string.sub(redis.call('GET', slot_key(meta, n)) or '', 1, TOKEN) == token then
        redis.call('DEL', slot_key(meta, n))
      end
    end
    return { 'DONE' }
  end,
}

local function restore_claim(tag, uid, claim)
  local old = redis.call('HGET', tag .. ':l', uid)
  if old then
    claim = struct.pack('<I8', math.max(struct.unpack('<I8', old), struct.unpack('<I8', claim)))
  end
  redis.call('HSET', tag .. ':l', uid, claim)
end

-- Calls that every shard gets, with its tag.
local shard_calls = {
  fence = function(tag, partition, epoch)
    local old = tonumber(redis.call('HGET', tag .. ':m', 'e:' .. partition) or 0)
    if old > tonumber(epoch) then return { 'FENCED' } end
    redis.call('HSET', tag .. ':m', 'e:' .. partition, epoch)
    return { 'DONE' }
  end,
  applied = function(tag, partition, round) return { 'DONE', applied(tag, partition, round) } end,
  lift = function(tag, partition, epoch, rounds, run, upto)
    if not is_blessed(tag, run) then return { 'NEWINC' } end
    if is_fenced(tag .. ':m', partition, epoch) then return { 'FENCED' } end
    local position, tick = struct.unpack('<I8I8', upto)
    for round = 0, rounds - 1 do
      local p, t = struct.unpack('<I8I8', applied(tag, partition, round) or string.rep('\0', 16))
      if p < position or (p == position and t < tick) then
        redis.call('HSET', tag .. ':m', 'a:' .. partition .. ':' .. round, upto)
      end
    end
    return { 'DONE' }
  end,
  trust = function(tag, run, token)
    if not holds_lease(tag, run, token) then return { 'FENCED' } end
    redis.call('HSET', tag .. ':m', 'run', run .. '-' .. token)
    return { 'DONE' }
  end,
  restore = function(tag, run, token, ...)
    local claims = { ... } -- uid, claim
    if not holds_lease(tag, run, token) then return { 'FENCED' } end
    for i = 1, #claims, 2 do restore_claim(tag, claims[i], claims[i + 1]) end
    if #claims > 0 then redis.call('EXPIRE', tag .. ':l', CLAIM_SECONDS) end
    return { 'DONE' }
  end,
}

local function meta(keys, args)
  local of_list = list_calls[args[1]]
  if of_list then return of_list(keys[1], args) end
  return meta_calls[args[1]](keys[1], unpack(args, 2))
end
local function slots(keys, args) return slot_calls[args[1]](keys[1], unpack(args, 2)) end
local function shard(keys, args) return shard_calls[args[1]](keys[1], unpack(args, 2)) end

redis.register_function{ function_name = 'weir_v3_read', callback = read, flags = { 'no-writes' } }
redis.register_function('weir_v3_commit', commit)
redis.register_function{ function_name = 'weir_v3_sweep', callback = sweep, flags = { 'allow-oom' } }
redis.register_function('weir_v3_meta', meta)
redis.register_function('weir_v3_shard', shard)
redis.register_function{ function_name = 'weir_v3_slots', callback = slots, flags = { 'allow-oom' } }
