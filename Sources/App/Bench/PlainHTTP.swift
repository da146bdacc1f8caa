import Foundation

/// One HTTP request on one connection, blocking: for the few calls that steer a measurement.
enum PlainHTTP {
    struct Answer {
        var status: Int
        var body: String
    }

    static func get(_ path: String, port: Int, apiKey: String?) throws -> Answer {
        try send("GET", path, body: "", port: port, apiKey: apiKey)
    }

    /// A connection that is refused answers as status 0.
    static func send(_ method: String, _ path: String, body: String, port: Int, apiKey: String?) throws -> Answer {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw BenchFailure("no socket") }
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        let connected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard connected else { return Answer(status: 0, body: "") }
        let credential = apiKey.map { "Authorization: Bearer \($0)\r\n" } ?? ""
        let request = """
            \(method) \(path) HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\(credential)\
            Content-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)
            """
        var bytes = Array(request.utf8)
        while !bytes.isEmpty {
            let written = write(descriptor, bytes, bytes.count)
            guard written > 0 else { throw BenchFailure("the server hung up") }
            bytes.removeFirst(written)
        }
        var received: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { break }
            received += chunk[..<count]
        }
        let text = String(decoding: received, as: UTF8.self)
        let status = Int(text.dropFirst(9).prefix(3)) ?? 0
        let body = text.range(of: "\r\n\r\n").map { String(text[$0.upperBound...]) } ?? ""
        return Answer(status: status, body: body)
    }
}
