import Core
import NIOPosix
import Providers
import TestSupport

extension WallClock {
    /// Stands still.
    static func fixed(_ seconds: Int64) -> WallClock { WallClock { Timestamp(seconds: seconds) } }
}

extension SafeHTTP {
    static func forTests() -> SafeHTTP {
        SafeHTTP(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, connectionsPerHost: 4, connectTimeout: .seconds(30))
    }
}

extension TwilioClient {
    static let account = "AC00000000000000000000000000000000"

    /// Thu, 24 Aug 2023 05:01:45 GMT for ever.
    static func forTests(
        _ http: SafeHTTP, _ server: RawServer, statusCallback: String? = nil, validity: Int? = nil, timeout: Duration = .seconds(60)
    ) -> TwilioClient {
        TwilioClient(
            http: http,
            configuration: TwilioConfiguration(
                accountSID: account, username: account, password: "secret", url: server.url, statusCallback: statusCallback,
                validity: validity, timeout: timeout),
            clock: .fixed(1_692_853_305))
    }
}

extension WhatsAppClient {
    static func forTests(_ http: SafeHTTP, _ server: RawServer, timeout: Duration = .seconds(60)) -> WhatsAppClient {
        WhatsAppClient(
            http: http,
            configuration: WhatsAppConfiguration(
                phoneNumberID: "1234567890", accessToken: "token", businessAccountID: "99", url: server.url + "/v25.0", timeout: timeout),
            clock: .fixed(1_692_853_305))
    }
}
