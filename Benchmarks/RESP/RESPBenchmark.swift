import NIOCore
import NIOPosix
import RESP

/// GETs per second of many callers, and of one that pipelines: `RESPBenchmark redis://127.0.0.1:6379 [callers] [seconds]`.
/// To compare: `redis-benchmark -t get -n 1000000 -c 50`, and the same with `-P 16`.
@main
enum RESPBenchmark {
    static func main() async throws {
        let arguments = CommandLine.arguments
        let url = arguments.count > 1 ? arguments[1] : "redis://127.0.0.1:6379"
        let callers = arguments.count > 2 ? Int(arguments[2]) ?? 50 : 50
        let seconds = arguments.count > 3 ? Int(arguments[3]) ?? 3 : 3
        // Away from the main thread's executor, which is a hundred times slower.
        try await Task.detached {
            let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
            let client = RedisClient(configuration: try RedisConfiguration(url: url), eventLoop: group.next())
            _ = try await client.send(["SET", "bench", RESPArgument([UInt8](repeating: 0x78, count: 400))])
            let single = try await run(callers: callers, seconds: seconds) {
                _ = try await client.send(["GET", "bench"])
                return 1
            }
            print("\(callers) callers, one GET each: \(single) GET/s over \(client.snapshot.open) connections")
            let sixteen = [[RESPArgument]](repeating: ["GET", "bench"], count: 16)
            let pipelined = try await run(callers: callers, seconds: seconds) { try await client.pipeline(sixteen).count }
            print("\(callers) callers, pipelines of 16: \(pipelined) GET/s over \(client.snapshot.open) connections")
            await client.shutdown()
            try await group.shutdownGracefully()
        }.value
    }

    private static func run(callers: Int, seconds: Int, _ ask: @escaping @Sendable () async throws -> Int) async throws -> Int {
        let clock = ContinuousClock()
        let begin = clock.now
        let end = begin + .seconds(seconds)
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<callers {
                group.addTask {
                    var count = 0
                    while clock.now < end { count += try await ask() }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        let time = clock.now - begin
        let elapsed = Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
        return Int(Double(count) / elapsed)
    }
}
