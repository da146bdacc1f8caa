/// The contexts of the demonstration's messages, as JSON. Every value is one of ours and needs no escaping.
enum DemoContext {
    private static func common(_ client: DemoClient) -> String {
        #""client_name": "\#(client.name)", "event_type": "\#(client.event)", "event_date": "\#(client.eventDate)", "plan_id": "\#(client.plan)""#
    }

    static func welcome(_ client: DemoClient) -> String {
        #"""
        {\#(common(client)), "event_location": "\#(client.place)", "guest_count": \#(client.guests), "link": "\#(client.link)",
        "timeline": [{"when": "This week", "what": "Budget strategies"}, {"when": "In two weeks", "what": "Vendor combinations"},
        {"when": "In four weeks", "what": "Blueprint"}]}
        """#
    }

    static func budget(_ client: DemoClient) -> String {
        #"""
        {\#(common(client)), "currency": "EUR", "budget_total": "\#(money(client, 250))", "link": "\#(client.link)/budget", "budget_allocations": [
        {"name": "Balanced", "summary": "An even spread, with a reserve for surprises.", "total": "\#(money(client, 250))", "recommended": true,
        "categories": [{"category": "Venue", "amount": "\#(money(client, 88))", "percent": 35}, {"category": "Catering", "amount": "\#(money(client, 75))", "percent": 30},
        {"category": "Music", "amount": "\#(money(client, 37))", "percent": 15}, {"category": "Reserve", "amount": "\#(money(client, 50))", "percent": 20}]},
        {"name": "Good table", "summary": "More for the kitchen, less for the room.", "total": "\#(money(client, 250))",
        "categories": [{"category": "Venue", "amount": "\#(money(client, 62))", "percent": 25}, {"category": "Catering", "amount": "\#(money(client, 125))", "percent": 50},
        {"category": "Music", "amount": "\#(money(client, 63))", "percent": 25}]}]}
        """#
    }

    static func vendors(_ client: DemoClient) -> String {
        #"""
        {\#(common(client)), "currency": "EUR", "count": 2, "link": "\#(client.link)/vendors", "vendor_combinations": [
        {"title": "\#(client.place)", "summary": "The place you liked, and a kitchen that knows it.", "total": "\#(money(client, 190))", "recommended": true,
        "selection_url": "\#(client.link)/choose/1", "vendors": [\#(vendorList(client))]},
        {"title": "Old town evening", "summary": "A historic cellar and a menu from the region.", "total": "\#(money(client, 170))",
        "selection_url": "\#(client.link)/choose/2", "vendors": [{"name": "Guild House", "service": "Venue", "price": "\#(money(client, 70))", "rating": "4.6"},
        {"name": "Market Table", "service": "Catering", "price": "\#(money(client, 80))", "rating": "4.5"}]}]}
        """#
    }

    static func selection(_ client: DemoClient) -> String {
        #"""
        {\#(common(client)), "currency": "EUR", "total": "\#(money(client, 190))", "link": "\#(client.link)", "selected_vendors": [\#(vendorList(client))]}
        """#
    }

    static func blueprint(_ client: DemoClient) -> String {
        #"""
        {\#(common(client)), "event_location": "\#(client.place)", "guest_count": \#(client.guests), "blueprint_url": "\#(client.link)/blueprint.pdf"}
        """#
    }

    static func trouble(_ client: DemoClient) -> String {
        #"""
        {\#(common(client)), "error_description": "Two of the venues did not confirm their prices in time.", "link": "\#(client.link)",
        "next_steps": ["You do not need to do anything right now.", "We ask them again and write to you by tomorrow noon."]}
        """#
    }

    static func reminder(_ client: DemoClient, _ action: String) -> String {
        #"""
        {\#(common(client)), "pending_action": "\#(action)", "event_location": "\#(client.place)", "guest_count": \#(client.guests), "link": "\#(client.link)"}
        """#
    }

    private static func vendorList(_ client: DemoClient) -> String {
        #"""
        {"name": "\#(client.place)", "service": "Venue", "price": "\#(money(client, 85))", "rating": "4.8"},
        {"name": "Kitchen of Two Sisters", "service": "Catering", "price": "\#(money(client, 78))", "rating": "4.9"},
        {"name": "The Late Quartet", "service": "Music", "price": "\#(money(client, 27))", "rating": "4.7"}
        """#
    }

    /// So much for each guest, with a comma between the thousands.
    private static func money(_ client: DemoClient, _ each: Int) -> String {
        let amount = String(client.guests * each)
        guard amount.count > 3 else { return amount }
        return amount.dropLast(3) + "," + amount.suffix(3)
    }
}
