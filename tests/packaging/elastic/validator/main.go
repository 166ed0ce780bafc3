// Says what Elastic's own validator finds wrong with a package, a folder or a zip.
//
// The library is licensed by Elastic: it is fetched and run by the tests, and never part of what
// is shipped.
package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/elastic/package-spec/v3/code/go/pkg/validator"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: validate FOLDER|ZIP")
		os.Exit(2)
	}
	validate := validator.ValidateFromPath
	if strings.HasSuffix(os.Args[1], ".zip") {
		validate = validator.ValidateFromZip
	}
	if err := validate(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
