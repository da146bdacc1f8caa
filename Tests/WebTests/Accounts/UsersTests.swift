import Core
import Foundation
import Storage
import TestSupport
import Testing

@testable import Web

@Suite("The people of a business")
struct UsersTests {
    @Test("an admin lists, changes and removes them over the API", arguments: TestEngine.allCases)
    func api(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let ada = try await world.person("ada@example.org", .agent)
            _ = try await world.person("root@example.org", .admin)
            let list = try await api.get("/api/crm/users?limit=1")
            #expect(try list.string("items.0.email") == "ada@example.org")
            let cursor = try #require(try list.string("next_cursor"))
            let rest = try await api.get("/api/crm/users?limit=1&cursor=\(cursor)")
            #expect(try rest.string("items.0.email") == "root@example.org")
            #expect(try rest.value("next_cursor")?.isNull == true)
            let changed = try await api.put("/api/crm/users/\(ada.id)", #"{"role":"viewer","disabled":true}"#)
            #expect(changed.status == 200)
            #expect(try changed.string("role") == "viewer")
            #expect(try changed.value("disabled")?.bool == true)
            #expect(try await Browser(api).signIn("ada@example.org", World.password).status == 403)
            #expect(try await api.delete("/api/crm/users/\(ada.id)").status == 204)
            try await api.get("/api/crm/users/\(ada.id)").expectProblem(404, "not-found")
            try await api.put("/api/crm/users/\(ada.id)", "{}").expectProblem(404, "not-found")
        }
    }

    @Test("the last admin can neither be removed, disabled nor made less", arguments: TestEngine.allCases)
    func lastAdmin(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let root = try await world.person("root@example.org", .admin)
            let second = try await world.person("second@example.org", .admin)
            _ = try await world.person("ada@example.org", .agent)
            _ = try await world.database.write { tx in try tx.disableUser(second.id) }
            try await api.delete("/api/crm/users/\(root.id)").expectProblem(409, "conflict")
            try await api.put("/api/crm/users/\(root.id)", #"{"disabled":true}"#).expectProblem(409, "conflict")
            try await api.put("/api/crm/users/\(root.id)", #"{"role":"agent"}"#).expectProblem(409, "conflict")
            _ = try await world.database.write { tx in try tx.enableUser(second.id) }
            // Two admins who remove each other at once: one of them stays.
            async let one = api.delete("/api/crm/users/\(root.id)").status
            async let other = api.delete("/api/crm/users/\(second.id)").status
            #expect(try await [one, other].sorted() == [204, 409])
        }
    }

    @Test("an admin of one business finds nobody of another", arguments: TestEngine.allCases)
    func walls(engine: TestEngine) async throws {
        try await World.run(engine) { world, api in
            let foreign = try await world.person("eve@elsewhere.example", .agent, at: world.elsewhere)
            _ = try await world.person("boss@elsewhere.example", .admin, at: world.elsewhere)
            _ = try await world.person("root@example.org", .admin)
            let path = "/api/crm/users/\(foreign.id)"
            #expect(try await api.get(path).text == api.get("/api/crm/users/\(UUIDv7(at: world.clock.now))").text)
            for reply in [
                try await api.put(path, #"{"role":"admin"}"#), try await api.delete(path),
                try await api.post(path + "/password-reset", "{}"),
            ] { try reply.expectProblem(404, "not-found") }
            #expect(try await !api.get("/api/crm/users").text.contains("elsewhere"))
            let admin = Browser(api)
            _ = try await admin.signIn("root@example.org", World.password)
            for page in ["/users/role", "/users/access", "/users/remove", "/users/reset"] {
                #expect(try await admin.submit(page, on: "/users", ["user_id": foreign.id.description]).status == 404, "\(page)")
            }
            #expect(try await world.database.read { tx in try tx.membership(of: foreign.id, business: world.elsewhere.id)?.role } == .agent)
            // In two businesses: what one decides does not reach the other.
            _ = try await world.person("eve@elsewhere.example", .viewer)
            #expect(try await api.put(path, #"{"disabled":true}"#).status == 200)
            let eve = Browser(api)
            #expect(try await eve.signIn("eve@elsewhere.example", World.password).status == 303)
            #expect(try await eve.get("/sandbox").text.contains("Elsewhere"))
            // And nobody sees when they were at the other one.
            #expect(try await api.get(path).value("last_sign_in_at")?.isNull == true)
        }
    }

    @Test("the page does what the API does, and says what became of it")
    func page() async throws {
        try await World.run { world, api in
            _ = try await world.person("root@example.org", .admin)
            let ada = try await world.person("ada@example.org", .agent)
            let admin = Browser(api)
            _ = try await admin.signIn("root@example.org", World.password)
            let id = ada.id.description
            let role = try await admin.submit("/users/role", on: "/users", ["user_id": id, "role": "viewer"])
            #expect(role.header("location") == "/users?done=role")
            #expect(try await admin.get("/users?done=role").text.contains("role=\"status\""))
            #expect(try await admin.submit("/users/access", on: "/users", ["user_id": id, "disabled": "true"]).status == 303)
            #expect(try await admin.get("/users").text.contains("Disabled"))
            #expect(try await admin.submit("/users/access", on: "/users", ["user_id": id, "disabled": "false"]).status == 303)
            let reset = try await admin.submit("/users/reset", on: "/users", ["user_id": id])
            #expect(reset.header("location") == "/users?done=reset_sandbox")
            #expect(try await admin.submit("/users/remove", on: "/users", ["user_id": id]).status == 303)
            #expect(try await !admin.get("/users").text.contains("ada@example.org"))
            let own = try #require(try await world.database.read { tx in try tx.user(email: "root@example.org") })
            let refused = try await admin.submit("/users/remove", on: "/users", ["user_id": own.id.description])
            #expect(refused.status == 200 && refused.text.contains("without an admin"))
            let hostile = #"<script>alert(1)</script>"#
            let name = try await admin.submit("/account/name", on: "/account", ["name": hostile])
            #expect(name.status == 303)
            #expect(try await !admin.get("/users").text.contains(hostile))
            #expect(try await !admin.get("/account").text.contains(hostile))
        }
    }
}
