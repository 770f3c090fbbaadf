package line

import "log/slog"

// Vendor identifies whose names the fields have. The zero value means clew's own names.
type Vendor uint8

const (
	Ours Vendor = iota
	Datadog
	GoogleCloud
	ECS
	Logback
)

// theirs contains the names of a vendor that differ from ours.
type theirs struct {
	key          [keys]string
	duration     unit
	group        string
	inGroup      []Key
	serviceGroup string
}

func (v Vendor) theirs() *theirs {
	if int(v) < len(vendors) {
		return &vendors[v]
	}
	return &vendors[Ours]
}

// Key returns the vendor's name of the field k without a group, or our name if the vendor has
// none.
func (v Vendor) Key(k Key) string {
	if name := v.theirs().key[k]; name != "" {
		return name
	}
	return ours[k]
}

// Service returns the same field as [Names.Service], and needs no Names.
func (v Vendor) Service(name string) slog.Attr {
	return service(v.theirs().serviceGroup, v.Key(Service), name)
}

func service(group, key, name string) slog.Attr {
	if group != "" {
		return slog.Attr{Key: group, Value: slog.GroupValue(slog.String(key, name))}
	}
	return slog.String(key, name)
}
