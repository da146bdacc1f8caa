import NIOCore
import NIOPosix

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// Asks the system for a name's addresses, on threads of its own: `getaddrinfo` may hang for a long time.
final class HostResolver: Sendable {
    struct Failure: Error {}

    private let threads: NIOThreadPool

    init(threads count: Int = 4) {
        threads = NIOThreadPool(numberOfThreads: count)
        threads.start()
    }

    /// In the system's order of preference; never empty.
    func addresses(of name: String, on loop: any EventLoop) -> EventLoopFuture<[NetworkAddress]> {
        threads.runIfActive(eventLoop: loop) { try Self.ask(name) }
    }

    func shutdown() async {
        try? await threads.shutdownGracefully()
    }

    private static func ask(_ name: String) throws -> [NetworkAddress] {
        var hints = addrinfo()
        hints.ai_family = AF_UNSPEC
        #if canImport(Glibc)
            hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        #else
            hints.ai_socktype = SOCK_STREAM
        #endif
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(name, nil, &hints, &list) == 0 else { throw Failure() }
        defer { freeaddrinfo(list) }
        var found: [NetworkAddress] = []
        var entry = list
        while let current = entry {
            if let address = current.pointee.ai_addr.flatMap(address) { found.append(address) }
            entry = current.pointee.ai_next
        }
        guard !found.isEmpty else { throw Failure() }
        return found
    }

    private static func address(_ pointer: UnsafeMutablePointer<sockaddr>) -> NetworkAddress? {
        switch Int32(pointer.pointee.sa_family) {
        case AF_INET:
            pointer.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { .v4(UInt32(bigEndian: $0.pointee.sin_addr.s_addr)) }
        case AF_INET6:
            pointer.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) { address in
                withUnsafeBytes(of: address.pointee.sin6_addr) { bytes in
                    .v6(
                        high: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                        low: UInt64(bigEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
                }
            }
        default:
            nil
        }
    }
}
