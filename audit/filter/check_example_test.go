package filter_test

import (
	"context"
	"fmt"

	"example.com/clew/audit"
	"example.com/clew/audit/filter"
)

// A filter is tried on events before it is live.
func ExampleCheck() {
	const file = `name: "anton_client_filter"
js: |
    function filter(event) {
      var client = event.context.get("client_id")
      if (client.length > 9) throw new Error("a strange client")
      return client == "3136"
    }
`
	events := []audit.Event{
		{Message: "item received", Context: map[string]string{"client_id": "3136"}},
		{Message: "item received", Context: map[string]string{"client_id": "4711"}},
		{Message: "item received"},
	}
	checked, err := filter.Check(context.Background(), []byte(file), events)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range checked {
		fmt.Println(c.Name, "passes", c.Passed, "and stops", c.Stopped)
		for _, f := range c.Failures {
			fmt.Printf("line %d: %s\n", f.Line, f.Reason)
		}
	}
	// Output:
	// anton_client_filter passes [0] and stops [1 2]
	// line 5: TypeError: cannot read property 'length' of null
}
