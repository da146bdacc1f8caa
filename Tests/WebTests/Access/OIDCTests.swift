import Core
import Emulators
import Foundation
import HTTPTypes
import NIOPosix
import Providers
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Signing in with another provider's account")
struct OIDCTests {
    /// A server whose people may sign in at an emulated provider, and a way for a browser through it.
    struct Stage: Sendable {
        let world: World
        let api: API
        let provider: EmulatorServer
        let http: SafeHTTP

        /// Where the provider sends the browser back to, or nil where it did not get that far.
        func visit(_ location: String) async throws -> String? {
            let answer = try await http.send(SafeHTTP.Request(method: "GET", url: location, destination: .configured))
            return answer.header("location").map { String($0.dropFirst("http://localhost:8080".count)) }
        }

        /// From the button to the provider and back; the last answer.
        func signIn(_ browser: Browser, next: String = "/account") async throws -> Reply {
            let begin = try await browser.get("/sign-in/oidc?next=\(next)")
            guard begin.status == 303 else { return begin }
            let location = try #require(begin.header("location"))
            let back = try #require(try await visit(location))
            return try await browser.get(back)
        }
    }

    private static func run(
        _ engine: TestEngine = .sqlite, secret: String? = OIDCAccount().clientSecret,
        _ configure: @Sendable (inout OIDCAccount) -> Void = { _ in }, _ body: @escaping @Sendable (Stage) async throws -> Void
    ) async throws {
        let clock = TestClock()
        let group = MultiThreadedEventLoopGroup.singleton
        var configuration = EmulatorConfiguration()
        configuration.latency = .none
        configure(&configuration.oidc)
        let provider = try await EmulatorServer.start(configuration, clock: clock.wallClock, on: group)
        let http = SafeHTTP(eventLoopGroup: group)
        let oidc = try #require(
            OIDCConfiguration(
                issuer: provider.oidcIssuer, clientID: "rapport", clientSecret: secret, name: "Example SSO",
                baseURL: "http://localhost:8080"))
        do {
            try await TestDatabase.with(engine, clock: clock) { store in
                try await World.serve(
                    store, cache: nil,
                    prepare: {
                        $0.hasher = World.hasher
                        $0.oidc = OIDCProvider(oidc, http: http, clock: clock.wallClock)
                    },
                    { world, api in try await body(Stage(world: world, api: api, provider: provider, http: http)) })
            }
        } catch {
            await http.shutdown()
            await provider.shutdown()
            throw error
        }
        await http.shutdown()
        await provider.shutdown()
    }

    @Test(
        "an account with the verified address is linked, and known by its subject from then on", arguments: TestEngine.allCases,
        [false, true])
    func links(engine: TestEngine, signsOnCurve: Bool) async throws {
        try await Self.run(engine) { stage in
            stage.provider.setOIDC(signsOnCurve: signsOnCurve)
            let ada = try await stage.world.person("ada@example.org", .viewer)
            let browser = Browser(stage.api)
            #expect(try await browser.get("/sign-in").text.contains("Sign in with Example SSO"))
            let reply = try await stage.signIn(browser)
            #expect(reply.status == 303 && reply.header("location") == "/account", "\(reply.text)")
            #expect(try await browser.isSignedIn)
            // Another address under the same subject: it is still the same person.
            stage.provider.setOIDC(people: [OIDCPerson(subject: "person-1", email: "new@example.org", name: "Ada")])
            let again = Browser(stage.api)
            #expect(try await stage.signIn(again).status == 303)
            #expect(try await again.get("/account").text.contains("ada@example.org"))
            // The old address under another subject is linked to the one account that has it.
            let role = try await stage.world.database.read { tx in try tx.membership(of: ada.id, business: stage.world.here.id)?.role }
            #expect(role == .viewer)
        }
    }

    @Test(
        "whoever is invited gets an account with what the invitation says; nobody becomes an admin this way", arguments: TestEngine.allCases
    )
    func invitations(engine: TestEngine) async throws {
        try await Self.run(engine) { stage in
            let (here, there) = (stage.world.here.id, stage.world.elsewhere.id)
            _ = try await stage.world.database.write { tx in
                _ = try tx.createInvitation(email: "ada@example.org", role: .admin, business: there, token: AccountToken())
            }
            #expect(try await stage.signIn(Browser(stage.api)).status == 403)
            _ = try await stage.world.database.write { tx in
                _ = try tx.createInvitation(email: "Ada@Example.org", role: .agent, business: here, token: AccountToken())
            }
            let browser = Browser(stage.api)
            #expect(try await stage.signIn(browser).status == 303)
            #expect(try await browser.isSignedIn)
            let memberships = try await stage.world.database.read { tx -> [Membership] in
                let user = try #require(try tx.user(email: "ada@example.org"))
                #expect(user.passwordHash == nil && user.name == "Ada Lovelace")
                return try tx.memberships(of: user.id)
            }
            #expect(memberships.map(\.business) == [here] && memberships.first?.role == .agent)
        }
    }

    @Test("strangers, unverified addresses and disabled accounts get no session, and nothing is made for them")
    func strangers() async throws {
        try await Self.run { stage in
            #expect(try await stage.signIn(Browser(stage.api)).status == 403)
            let ada = try await stage.world.person("ada@example.org", .admin)
            stage.provider.setOIDC(people: [OIDCPerson(subject: "thief", email: "ada@example.org", isEmailVerified: false, name: "Eve")])
            let thief = Browser(stage.api)
            #expect(try await stage.signIn(thief).status == 403)
            #expect(try await !thief.isSignedIn)
            stage.provider.setOIDC(people: OIDCAccount().people)
            _ = try await stage.world.database.write { tx in try tx.disableUser(ada.id) }
            #expect(try await stage.signIn(Browser(stage.api)).status == 403)
            _ = try await stage.world.database.write { tx in try tx.enableUser(ada.id) }
            _ = try await stage.world.person("other@example.org", .admin)
            let here = stage.world.here.id
            _ = try await stage.world.database.write { tx in try tx.removeMembership(of: ada.id, business: here) }
            #expect(try await stage.signIn(Browser(stage.api)).status == 403)
            #expect(try await stage.world.database.read { tx in try tx.users().count } == 2)
        }
    }

    @Test("an account with a second factor of its own is still asked for it")
    func secondFactor() async throws {
        try await Self.run { stage in
            let ada = try await stage.world.person("ada@example.org", .agent)
            let secret = try await stage.world.secondFactor(of: ada)
            let browser = Browser(stage.api)
            let form = try await stage.signIn(browser)
            #expect(form.status == 200 && form.text.contains("One more step"))
            #expect(try await !browser.isSignedIn)
            let ticket = String(try #require(form.text.firstMatch(of: /name="ticket" value="([^"]+)"/)).1)
            stage.world.clock.advance(seconds: 30)
            let code = stage.world.code(of: ada, secret: secret)
            #expect(try await browser.post("/sign-in/code", ["ticket": ticket, "code": code]).status == 303)
            #expect(try await browser.isSignedIn)
        }
    }

    @Test("whatever a provider or somebody in between does wrong, nobody is signed in", arguments: OIDCFault.allCases)
    func faults(fault: OIDCFault) async throws {
        try await Self.run { stage in
            _ = try await stage.world.person("ada@example.org", .admin)
            stage.provider.setOIDC(fault: fault)
            let browser = Browser(stage.api)
            let reply = try await stage.signIn(browser)
            #expect([400, 502].contains(reply.status), "\(fault): \(reply.status)")
            #expect(reply.header("content-type") == "text/html; charset=utf-8")
            #expect(!reply.text.contains(fault.rawValue) && !reply.text.contains("169.254"))
            #expect(try await !browser.isSignedIn)
            // It was the fault, and nothing else.
            stage.provider.setOIDC(fault: nil)
            stage.world.clock.advance(seconds: 3_601)
            #expect(try await stage.signIn(browser).status == 303)
            #expect(try await browser.isSignedIn)
        }
    }

    @Test("a state is good once, for ten minutes, and in the browser that began")
    func states() async throws {
        try await Self.run { stage in
            _ = try await stage.world.person("ada@example.org", .agent)
            let (browser, victim) = (Browser(stage.api), Browser(stage.api))
            func begin(_ browser: Browser) async throws -> String {
                let location = try #require(try await browser.get("/sign-in/oidc").header("location"))
                return try #require(try await stage.visit(location))
            }
            // Somebody makes another browser come back with their own state and code.
            let mine = try await begin(browser)
            _ = try await begin(victim)
            #expect(try await victim.get(mine).status == 400)
            #expect(try await !victim.isSignedIn)
            // Used up by that.
            #expect(try await browser.get(mine).status == 400)

            let again = try await begin(browser)
            #expect(try await browser.get(again).status == 303)
            #expect(try await browser.get(again).status == 400)

            let late = try await begin(browser)
            stage.world.clock.advance(seconds: 600)
            #expect(try await browser.get(late).status == 400)
            for query in ["", "?state=x&code=y", "?code=y", "?error=access_denied"] {
                #expect(try await browser.get("/sign-in/oidc/callback\(query)").status == 400)
            }
        }
    }

    @Test("a code that was given to another sign-in is worth nothing, nor is another provider's answer")
    func swappedCodes() async throws {
        try await Self.run { stage in
            _ = try await stage.world.person("ada@example.org", .agent)
            let (eve, ada) = (Browser(stage.api), Browser(stage.api))
            func begin(_ browser: Browser) async throws -> [String: String] {
                let location = try #require(try await browser.get("/sign-in/oidc").header("location"))
                let back = try #require(try await stage.visit(location))
                let pairs = try #require(FormEncoding.decode(back.drop { $0 != "?" }.dropFirst().utf8))
                return Dictionary(pairs) { first, _ in first }
            }
            func callback(_ fields: [(String, String)]) -> String {
                "/sign-in/oidc/callback?" + String(decoding: FormEncoding.encode(fields), as: UTF8.self)
            }
            let (hers, mine) = (try await begin(eve), try await begin(ada))
            // Ada's state with Eve's code: PKCE and the nonce are Ada's.
            #expect(try await ada.get(callback([("state", mine["state"] ?? ""), ("code", hers["code"] ?? "")])).status == 400)
            let next = try await begin(ada)
            let mixed = callback([("state", next["state"] ?? ""), ("code", next["code"] ?? ""), ("iss", "https://other.example")])
            #expect(try await ada.get(mixed).status == 400)
            #expect(try await !ada.isSignedIn)
        }
    }

    @Test("the discovery document leads nowhere but to the issuer's host and the public Internet")
    func requestForgery() async throws {
        try await Self.run { stage in
            let oidc = try #require(
                OIDCConfiguration(issuer: stage.provider.oidcIssuer, clientID: "c", clientSecret: nil, name: nil, baseURL: "http://a"))
            for url in [
                "https://169.254.169.254/latest", "https://10.0.0.1/", "https://[::1]/", "http://127.0.0.1:1/", "https://example.org/",
            ] {
                guard case .userSupplied = oidc.destination(of: url) else {
                    Issue.record("\(url) is trusted")
                    continue
                }
            }
            guard case .configured = oidc.destination(of: stage.provider.oidcIssuer + "/token") else {
                Issue.record("the issuer's own host is not trusted")
                return
            }
            stage.provider.setOIDC(fault: .discoveryMoved)
            #expect(try await Browser(stage.api).get("/sign-in/oidc").status == 502)
            // Redirects are not followed.
            #expect(stage.provider.oidcRequests == [".well-known/openid-configuration"])
        }
    }

    @Test("discovery and keys are asked for once an hour; unknown keys once a minute at most")
    func caching() async throws {
        try await Self.run { stage in
            _ = try await stage.world.person("ada@example.org", .agent)
            func count(_ path: String) -> Int { stage.provider.oidcRequests.count { $0 == path } }
            for _ in 0..<3 { #expect(try await stage.signIn(Browser(stage.api)).status == 303) }
            #expect(count(".well-known/openid-configuration") == 1 && count("jwks") == 1)
            stage.provider.setOIDC(fault: .unknownKey)
            for _ in 0..<5 { #expect(try await stage.signIn(Browser(stage.api)).status == 400) }
            #expect(count("jwks") == 1)
            stage.world.clock.advance(seconds: 60)
            for _ in 0..<5 { #expect(try await stage.signIn(Browser(stage.api)).status == 400) }
            #expect(count("jwks") == 2)
        }
    }

    @Test(
        "afterwards people get to where they wanted to go, and never to another site",
        arguments: ["//evil.example", "https://evil.example", "/users"])
    func next(page: String) async throws {
        try await Self.run { stage in
            _ = try await stage.world.person("ada@example.org", .agent)
            let reply = try await stage.signIn(Browser(stage.api), next: page)
            #expect(reply.header("location") == (page == "/users" ? "/users" : "/sandbox"))
        }
    }

    @Test("without a provider there is no such page and no button")
    func none() async throws {
        try await World.run { _, api in
            let reply = try await api.with(key: nil).get("/sign-in/oidc")
            #expect(reply.status == 404)
            #expect(try await api.with(key: nil).get("/sign-in/oidc/callback?state=x").status == 404)
            #expect(try await !api.with(key: nil).get("/sign-in").text.contains("/sign-in/oidc"))
        }
    }

    @Test(
        "an issuer is an https address, or one of this machine",
        arguments: [
            ("https://accounts.example.org", true), ("https://login.example.org/tenant/v2.0/", true), ("http://localhost:8090/oidc", true),
            ("http://127.0.0.1:8090", true), ("http://[::1]:8090", true), ("http://accounts.example.org", false),
            ("accounts.example.org", false),
            ("https://a.example/?x=1", false), ("https://a.example/#x", false), ("https://user@a.example", false),
        ])
    func issuers(issuer: String, isGood: Bool) {
        let configuration = OIDCConfiguration(issuer: issuer, clientID: "c", clientSecret: nil, name: nil, baseURL: "https://b")
        #expect((configuration != nil) == isGood)
    }
}
