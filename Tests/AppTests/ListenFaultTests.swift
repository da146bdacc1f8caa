import Communications
import NIOCore
import Testing

@testable import App

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

@Suite("Why nobody can listen")
struct ListenFaultTests {
    @Test(
        "the setting that has to change is the one that is named",
        arguments: [(EADDRINUSE, "PORT"), (EACCES, "PORT"), (EADDRNOTAVAIL, "HOST")])
    func settings(code: CInt, part: String) throws {
        let settings = try Settings(SettingsSource(environment: ["HOST": "127.0.0.1", "PORT": "8123"]))
        let cause = IOError(errnoCode: code, reason: "bind")
        #expect("\(Serve.explained(cause, settings))".hasPrefix("\(part): "))
        let inbound = InboundMailUnavailable(host: "127.0.0.1", port: 2525, cause: cause)
        let line = "\(Serve.explained(inbound, settings))"
        #expect(line.hasPrefix("INBOUND_SMTP_\(part): "))
        #expect(!line.contains("8123"))
    }
}
