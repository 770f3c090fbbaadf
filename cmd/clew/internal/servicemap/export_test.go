package servicemap

import "time"

// Names for functions that external tests call.
var (
	AppendTemplate = appendTemplate
	OutsideName    = outsideName
	MayServe       = mayServe
)

// Quantiled returns the quantiles of durations that are added in several parts.
func Quantiled(parts ...[]time.Duration) Quantiles {
	var all durations
	for _, part := range parts {
		var d durations
		for _, took := range part {
			d.add(took)
		}
		all.merge(&d)
	}
	return all.quantiles()
}

// Usual are the limits of names, nodes and edges.
var Usual = [...]int{usual.services, usual.hosts, usual.operations, usual.nodes, usual.edges}

// Limited returns the configuration of a builder with lower limits.
func (c Config) Limited(names, nodes, edges int) Config {
	c.limits = limits{services: names, hosts: names, operations: 4 * names, nodes: nodes, edges: edges}
	return c
}

// Rows returns how many rows are kept.
func (b *Builder) Rows() (n int) {
	for i := range b.parts {
		n += b.parts[i].rows
	}
	return n
}

// Packed returns a number after it was packed and unpacked.
func Packed(n int64) int64 { return unpack(pack(n)) }

// ServiceNamed returns the service that has a host's name; "": none of the services has it.
func ServiceNamed(host string, services ...string) string {
	known := map[string]uint16{}
	for i, name := range services {
		known[name] = uint16(i + 2)
	}
	if n := serviceNamed(host, known); n != noName {
		return services[n-2]
	}
	return ""
}
