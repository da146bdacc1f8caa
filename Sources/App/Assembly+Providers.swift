import Communications
import Core
import NIOCore
import NIOPosix
import Providers

extension Assembly {
    /// One loop for the providers, apart from everything else that goes out over HTTP.
    private static let providerLoops = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// The transports of the providers that are set up; the other channels stay as they are. Each provider has connections of
    /// its own: one that hangs takes none from the others, also where a stand-in serves both at one address.
    ///
    /// - Returns: the clients to be shut down in the end.
    static func addProviders(
        to transports: inout [Core.Channel: any Transport], _ settings: Settings, _ clock: WallClock
    ) -> [SafeHTTP] {
        var clients: [SafeHTTP] = []
        func client() -> SafeHTTP {
            let client = SafeHTTP(eventLoopGroup: providerLoops, connectionsPerHost: 256)
            clients.append(client)
            return client
        }
        if let twilio = settings.twilio {
            let client = TwilioClient(http: client(), configuration: twilio.configuration(settings.twilioStatusCallback), clock: clock)
            transports[.sms] = SMSTransport(client: client, sender: twilio.sender, others: twilio.otherSenders)
        }
        if let whatsapp = settings.whatsapp {
            transports[.whatsapp] = WhatsAppTransport(
                client: WhatsAppClient(http: client(), configuration: whatsapp.configuration, clock: clock))
        }
        return clients
    }
}

extension Settings.Twilio {
    /// - Parameter statusCallback: where Twilio tells what became of messages.
    func configuration(_ statusCallback: String?) -> TwilioConfiguration {
        TwilioConfiguration(
            accountSID: account, username: apiKey?.sid ?? account, password: apiKey?.secret ?? token, url: url,
            statusCallback: statusCallback, validity: validity)
    }
}

extension Settings.WhatsApp {
    var configuration: WhatsAppConfiguration {
        WhatsAppConfiguration(phoneNumberID: phoneNumberID, accessToken: accessToken, businessAccountID: businessAccountID, url: url)
    }
}
