import ArgumentParser
import Core
import Foundation
import TestSupport
import Testing
import Web

@testable import App

@Suite("Settings of access")
struct AccessSettingsTests {
    private func settings(_ environment: [String: String]) throws -> Settings { try Settings(SettingsSource(environment: environment)) }

    @Test("without settings strangers and wrong credentials have a limit, keys have none, and nobody's word is believed")
    func defaults() throws {
        let access = try settings([:]).access
        #expect(access.rates.perCredential == nil && access.rates.perStranger == RequestRate(requests: 600, seconds: 60))
        #expect(access.proxies.isEmpty && access.oidc == nil && access.securityContact == nil)
        #expect(try access.serverTLS() == nil)
    }

    @Test("with a certificate of its own the server's links begin with https")
    func ownCertificate() throws {
        let files = ["TLS_CERTIFICATE_FILE": "a.pem", "TLS_KEY_FILE": "k.pem", "PORT": "8443"]
        #expect(try settings(files).baseURL == "https://localhost:8443")
        #expect(try settings([:]).baseURL == "http://localhost:8080")
        let named = files.merging(["API_BASE_URL": "https://rapport.example.org"]) { $1 }
        #expect(try settings(named).baseURL == "https://rapport.example.org")
    }

    @Test("limits can be set, and the one of strangers switched off")
    func limits() throws {
        #expect(try settings(["API_RATE_LIMIT": "6000/60"]).access.rates.perCredential == RequestRate(requests: 6_000, seconds: 60))
        #expect(try settings(["PUBLIC_RATE_LIMIT": ""]).access.rates.perStranger == nil)
        #expect(try settings(["PUBLIC_RATE_LIMIT": "5/1"]).access.rates.perStranger == RequestRate(requests: 5, seconds: 1))
    }

    @Test(
        "what is wrong is named in one line",
        arguments: [
            ["API_RATE_LIMIT": "fast"], ["API_RATE_LIMIT": "0/60"], ["API_RATE_LIMIT": "10/0"], ["PUBLIC_RATE_LIMIT": "10"],
            ["TRUSTED_PROXIES": "proxy.example"], ["TRUSTED_PROXIES": "10.0.0.0/40"], ["SECURITY_CONTACT": "somebody"],
            ["OIDC_CLIENT_SECRET": "s"], ["OIDC_NAME": "n"], ["OIDC_ISSUER": "http://a.example", "OIDC_CLIENT_ID": "c"],
        ])
    func complaints(environment: [String: String]) throws {
        do {
            _ = try settings(environment)
            Issue.record("accepted \(environment)")
        } catch let error as SettingsError {
            #expect(environment.keys.contains { error.description.hasPrefix("\($0): ") } && !error.description.contains("\n"))
        }
    }

    @Test(
        "settings that belong together name the one that is missing",
        arguments: [
            (["TLS_CERTIFICATE_FILE": "a.pem"], "TLS_KEY_FILE"), (["TLS_KEY_FILE": "a.pem"], "TLS_CERTIFICATE_FILE"),
            (["OIDC_ISSUER": "https://a.example"], "OIDC_CLIENT_ID"), (["OIDC_CLIENT_ID": "c"], "OIDC_ISSUER"),
        ])
    func pairs(environment: [String: String], missing: String) throws {
        #expect { try settings(environment) } throws: { "\($0)".hasPrefix("\(missing): is missing") }
    }

    @Test("a certificate that can not be used names its setting")
    func certificates() async throws {
        let good = try await TestCertificate(name: "good.example")
        defer { good.remove() }
        #expect(try settings(["TLS_CERTIFICATE_FILE": good.certificatePath, "TLS_KEY_FILE": good.keyPath]).access.serverTLS() != nil)
        for (certificate, key, setting) in [
            ("/nowhere", good.keyPath, "TLS_CERTIFICATE_FILE"), (good.certificatePath, "/nowhere", "TLS_KEY_FILE"),
        ] {
            let access = try settings(["TLS_CERTIFICATE_FILE": certificate, "TLS_KEY_FILE": key]).access
            #expect { try access.serverTLS() } throws: { "\($0)".hasPrefix("\(setting): ") }
        }
    }

    @Test("the client's secret is never shown")
    func secrets() {
        #expect(Setting.oidcSecret.isSecret)
    }
}

@Suite("The api-key command")
struct APIKeyCommandTests {
    private static let now = Timestamp(milliseconds: 1_795_248_000_000)  // 2026-11-21T08:00:00Z

    @Test("an end is a date, a time or a number of days, and lies in the future")
    func expiry() throws {
        #expect(try APIKeyCommand.Create.expiry("90d", now: Self.now) == Self.now.adding(seconds: 90 * 86_400))
        #expect(try APIKeyCommand.Create.expiry("2027-01-31", now: Self.now).rfc3339 == "2027-01-31T00:00:00Z")
        #expect(try APIKeyCommand.Create.expiry("2027-01-31T12:00:00+01:00", now: Self.now).rfc3339 == "2027-01-31T11:00:00Z")
        for text in ["0d", "-1d", "99999d", "d", "soon", "2020-01-01", "2026-11-21T08:00:00Z", ""] {
            #expect(throws: (any Error).self) { try APIKeyCommand.Create.expiry(text, now: Self.now) }
        }
    }

    @Test("scopes are permissions with commas between them")
    func scopes() throws {
        #expect(
            try APIKeyCommand.Create.permissions("clients:read,communications:write").permissions == [.writeCommunications, .readClients])
        for text in ["", ",", "clients:*", "admin"] {
            #expect(throws: (any Error).self) { try APIKeyCommand.Create.permissions(text) }
        }
    }

    @Test(
        "options that do not go together are refused",
        arguments: [
            ["--name", "n", "--role", "admin", "--scopes", "clients:read"], ["--name", "n", "--role", "owner"],
            ["--name", "n", "--expires", "yesterday"], ["--name", "n", "--expires", "9d", "--days", "9"], ["--role", "admin"],
        ])
    func refusals(arguments: [String]) {
        #expect(throws: (any Error).self) { try APIKeyCommand.Create.parse(arguments) }
    }
}
