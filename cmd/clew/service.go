package main

import (
	"path/filepath"
	"regexp"
)

var (
	extensionsForm = regexp.MustCompile(`(?i)([-.](` + logExtensions + `))+$`)
	numberOnlyForm = regexp.MustCompile(`^[0-9]+$`)
	// containerForm matches the name of /var/log/containers/POD_NAMESPACE_CONTAINER-ID.log without
	// its extension.
	containerForm = regexp.MustCompile(`^[^_]+_[^_]+_(.+)-[0-9a-f]{64}$`)
	containerID   = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

// serviceOf derives a service from the name of a file, for lines that do not name their service.
// The result is shop for shop.log, shop-json.log.1 and the kubelet's shop/0.log. For Docker's own
// files, it is the short ID of the container. If the name shows no service, it is "".
func serviceOf(src *source) string {
	if src.path == "" {
		return ""
	}
	path := src.rotated.set
	name := extensionsForm.ReplaceAllString(filepath.Base(path), "")
	if numberOnlyForm.MatchString(name) {
		if path, err := filepath.Abs(path); err == nil {
			name = filepath.Base(filepath.Dir(path))
		}
	}
	switch m := containerForm.FindStringSubmatch(name); {
	case m != nil:
		name = m[1]
	case containerID.MatchString(name):
		name = name[:12]
	case name == "." || name == string(filepath.Separator):
		return ""
	}
	return name
}
