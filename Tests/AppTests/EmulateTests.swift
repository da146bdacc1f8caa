import ArgumentParser
import Emulators
import NIOPosix
import Testing
import Web

@testable import App

@Suite("The emulate command")
struct EmulateTests {
    @Test("the settings that it prints are a server's settings, and its addresses answer")
    func settings() async throws {
        let emulator = try await EmulatorServer.start(clock: .system, on: MultiThreadedEventLoopGroup.singleton)
        let pairs = Emulate.settings(of: emulator)
        let settings = try Settings(SettingsSource(environment: Dictionary(uniqueKeysWithValues: pairs.map { ($0.0.rawValue, $0.1) })))
        #expect(settings.twilio?.url == emulator.baseURL && settings.twilio?.account == emulator.configuration.twilio.accountSID)
        #expect(settings.whatsapp?.url == emulator.baseURL + "/v25.0")
        #expect(settings.whatsapp?.businessAccountID == emulator.configuration.whatsApp.businessAccountID)
        #expect(settings.access.oidc?.issuer == emulator.oidcIssuer && settings.access.oidc?.clientSecret != nil)
        let greeting = Emulate.greeting(emulator)
        for (setting, value) in pairs { #expect(greeting.contains("\(setting.rawValue)=\(value)\n")) }
        await emulator.shutdown()
    }

    @Test(
        "options out of range are refused",
        arguments: [["--port", "65536"], ["--latency", "soon"], ["--copies", "0"], ["--callback", "localhost:8080"]])
    func validation(arguments: [String]) {
        #expect(throws: (any Error).self) { try Emulate.parse(arguments) }
    }

    @Test("options reach the emulator")
    func options() throws {
        let command = try Emulate.parse([
            "--port", "0", "--latency", "25", "--sms-from", "+15550001111", "--window", "refused", "--reads", "--oidc-email",
            "ada@example.org",
        ])
        let configuration = command.emulatorConfiguration
        #expect(configuration.latency == .fixed(milliseconds: 25) && configuration.twilio.senders == ["+15550001111"])
        #expect(configuration.whatsApp.window == .refused && configuration.whatsApp.reads)
        #expect(configuration.oidc.people.map(\.email) == ["ada@example.org"])
    }
}
