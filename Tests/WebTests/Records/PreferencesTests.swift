import Core
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("Preferences over HTTP")
struct PreferencesTests {
    @Test("a client who never said anything has the defaults", arguments: TestEngine.allCases)
    func defaults(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let reply = try await api.get("/api/crm/preferences/client-123")
            #expect(reply.status == 200)
            let expected =
                #"{"client_id":"client-123","preferred_channels":["email"],"timezone":"UTC","quiet_hours_start":"22:00","#
                + #""quiet_hours_end":"08:00","opt_out_email":false,"opt_out_sms":false,"opt_out_whatsapp":false,"#
                + #""language_preference":"en","available_channels":["email"],"#
                + #""marketing_consent":{"email":"none","sms":"none","whatsapp":"none"},"marketing_channels":["email","sms","whatsapp"],"#
                + #""topics_refused":[]}"#
            #expect(reply.text == expected)
        }
    }

    @Test("an update changes what it names, is answered as specified, and is seen by the next read", arguments: TestEngine.allCases)
    func update(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            let first = try await api.post(
                "/api/crm/preferences",
                #"""
                {"client_id":"client-123","preferred_channels":["whatsapp","email","sms"],"timezone":"America/New_York",
                 "quiet_hours_start":"21:30","quiet_hours_end":"07:15","opt_out_email":true,"opt_out_sms":false,"language_preference":"pt-BR"}
                """#)
            #expect(first.status == 200, "\(first.text)")
            #expect(try first.value("success")?.bool == true)
            #expect(try first.string("message") == "Preferences updated successfully")
            #expect(try first.string("preferences.timezone") == "America/New_York")

            let second = try await api.post("/api/crm/preferences", #"{"client_id":"client-123","opt_out_sms":true,"timezone":null}"#)
            #expect(second.status == 200)
            let read = try await api.get("/api/crm/preferences/client-123")
            #expect(try read.string("timezone") == "America/New_York")
            #expect(try read.string("quiet_hours_start") == "21:30" && read.string("quiet_hours_end") == "07:15")
            #expect(try read.value("opt_out_email")?.bool == true && read.value("opt_out_sms")?.bool == true)
            #expect(try read.string("preferred_channels.0") == "whatsapp" && read.value("preferred_channels")?.count == 3)
            #expect(try read.string("available_channels.0") == "whatsapp" && read.value("available_channels")?.count == 1)
            #expect(try second.value("preferences")?.rawBytes == ArraySlice(read.bytes))

            let deleted = try await api.delete("/api/crm/preferences/client-123")
            #expect(deleted.text == #"{"success":true,"message":"Preferences deleted for client client-123"}"#)
            #expect(try await api.get("/api/crm/preferences/client-123").value("opt_out_email")?.bool == false)
        }
    }

    @Test(
        "every field that does not fit is named",
        arguments: [
            ("{}", ["client_id"]),
            (
                #"{"client_id":1,"preferred_channels":"email","timezone":[],"quiet_hours_start":2200,"quiet_hours_end":false,"opt_out_email":"no","opt_out_sms":0,"opt_out_whatsapp":[],"language_preference":{},"extra":1}"#,
                [
                    "client_id", "preferred_channels", "timezone", "quiet_hours_start", "quiet_hours_end", "opt_out_email", "opt_out_sms",
                    "opt_out_whatsapp", "language_preference", "extra",
                ]
            ),
            (
                #"{"client_id":"c d","preferred_channels":["email","fax"],"timezone":"Nowhere/At_All","quiet_hours_start":"24:00","quiet_hours_end":"8:00"}"#,
                ["client_id", "preferred_channels[1]", "timezone", "quiet_hours_start", "quiet_hours_end"]
            ),
            (#"{"client_id":"c","preferred_channels":[]}"#, ["preferred_channels"]),
            (#"{"client_id":"c","preferred_channels":["sms","sms"]}"#, ["preferred_channels[1]"]),
        ])
    func refusals(_ body: String, _ fields: [String]) async throws {
        try await World.run { _, api in
            let reply = try await api.post("/api/crm/preferences", body)
            try reply.expectProblem(422, "validation")
            #expect(try Set(reply.fields) == Set(fields), "\(reply.text)")
        }
    }

    @Test("preferences of another business's client of the same name are another's", arguments: TestEngine.allCases)
    func walls(_ engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"client-1","opt_out_email":true}"#)
            let stranger = api.with(key: world.elsewhere.key)
            #expect(try await stranger.get("/api/crm/preferences/client-1").value("opt_out_email")?.bool == false)
            _ = try await stranger.delete("/api/crm/preferences/client-1")
            #expect(try await api.get("/api/crm/preferences/client-1").value("opt_out_email")?.bool == true)
        }
    }

    @Test("an opt-out holds for the next request at once", arguments: TestEngine.allCases)
    func optOutHolds(_ engine: TestEngine) async throws {
        try await World.run(engine) { _, api in
            _ = try await api.put("/api/crm/clients/client-1", #"{"email":"a@example.org"}"#)
            _ = try await api.post("/api/crm/preferences", #"{"client_id":"client-1","opt_out_email":true}"#)
            let reply = try await api.post("/api/crm/communications", #"{"client_id":"client-1","message_type":"welcome"}"#)
            #expect(reply.status == 202)
            #expect(try reply.string("status") == "suppressed")
        }
    }
}
