import RESP

/// What has to happen in Redis in one step.
enum RedisScript {
    /// Key: lease. Arguments: a new token, seconds. Who finds the same gap shares the lease on it: what holds for the first reader
    /// holds for those who come later, and with one each they would take it from each other for ever.
    static let lease: RESPArgument = """
        local t=redis.call('GET',KEYS[1])
        if t then return t end
        redis.call('SET',KEYS[1],ARGV[1],'EX',ARGV[2])
        return ARGV[1]
        """
    /// Keys: lease, entry. Arguments: token, value, seconds or 0.
    static let fill: RESPArgument = """
        if redis.call('GET',KEYS[1])~=ARGV[1] then return 0 end
        redis.call('DEL',KEYS[1])
        if ARGV[3]=='0' then redis.call('SET',KEYS[2],ARGV[2]) else redis.call('SET',KEYS[2],ARGV[2],'EX',ARGV[3]) end
        return 1
        """
    /// Key: counter. Arguments: amount, seconds. One step, so that no counter is ever left without its end.
    static let increment: RESPArgument = """
        local v=redis.call('INCRBY',KEYS[1],ARGV[1])
        if redis.call('TTL',KEYS[1])<0 then redis.call('EXPIRE',KEYS[1],ARGV[2]) end
        return v
        """
}
