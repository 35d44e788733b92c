"""Reading foreign text safely: limits on depth, size and names, and errors that say where."""

from drivelabel.formats.loading.collecting import no_collecting as no_collecting
from drivelabel.formats.loading.files import read_bytes as read_bytes
from drivelabel.formats.loading.files import read_text as read_text
from drivelabel.formats.loading.json_text import parse_json as parse_json
from drivelabel.formats.loading.json_text import read_json as read_json
from drivelabel.formats.loading.names import kept_name as kept_name
from drivelabel.formats.loading.names import safe_join as safe_join
from drivelabel.formats.loading.names import safe_name as safe_name
from drivelabel.formats.loading.records import Records as Records
from drivelabel.formats.loading.records import is_scalar as is_scalar
from drivelabel.formats.loading.records import scalars_of as scalars_of
from drivelabel.formats.loading.values import Fields as Fields
from drivelabel.formats.loading.xml_text import read_xml as read_xml
from drivelabel.formats.loading.yaml_text import read_yaml as read_yaml
